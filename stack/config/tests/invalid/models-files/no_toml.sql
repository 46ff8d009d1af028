/* Sales by day, for the finance team. */
select sold_at from sales
