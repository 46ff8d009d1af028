select 'a from sales
