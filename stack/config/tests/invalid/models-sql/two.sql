select * from sales;

select * from users
