select *
from salse
join "Users" on true
join shop.users on true
join big_sales on true
