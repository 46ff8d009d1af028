-- Twenty-two questions to a trade, in the spirit of TPC-H: every kind of join, subquery and group.
-- Each is one that DataFusion and DuckDB must answer alike, row for row.

-- 01 what was shipped, summed up
select l_returned, l_status, sum(l_quantity) as quantity, sum(l_price) as base, sum(l_price * (1 - l_discount)) as disc, sum(l_price * (1 - l_discount) * (1 + l_tax)) as charge, avg(l_quantity) as mean, avg(l_discount) as rebate, count(*) as n
from lineitem where l_shipped <= date '1998-12-01' - interval '90' day
group by l_returned, l_status order by l_returned, l_status;

-- 02 the cheapest supplier of a part in a region
select s_balance, s_name, n_name, p_key, p_maker
from part, supplier, partsupp, nation, region
where p_key = ps_part and s_key = ps_supplier and p_type like '%BRASS' and s_nation = n_key and n_region = r_key and r_name = 'EUROPE'
  and ps_cost = (select min(ps_cost) from partsupp, supplier, nation, region where p_key = ps_part and s_key = ps_supplier and s_nation = n_key and n_region = r_key and r_name = 'EUROPE')
order by s_balance desc, n_name, s_name, p_key limit 100;

-- 03 the largest orders that are not shipped
select l_order, sum(l_price * (1 - l_discount)) as revenue, o_date
from customer, orders, lineitem
where c_segment = 'BUILDING' and c_key = o_customer and l_order = o_key and o_date < date '1995-03-15' and l_shipped > date '1995-03-15'
group by l_order, o_date order by revenue desc, o_date, l_order limit 10;

-- 04 orders with a line that came late
select o_priority, count(*) as n from orders
where o_date >= date '1993-07-01' and o_date < date '1993-07-01' + interval '1' year
  and exists (select * from lineitem where l_order = o_key and l_committed < l_received)
group by o_priority order by o_priority;

-- 05 revenue inside of a region
select n_name, sum(l_price * (1 - l_discount)) as revenue
from customer, orders, lineitem, supplier, nation, region
where c_key = o_customer and l_order = o_key and l_supplier = s_key and c_nation = s_nation and s_nation = n_key and n_region = r_key and r_name = 'ASIA'
group by n_name order by revenue desc, n_name;

-- 06 what a rebate less would bring
select sum(l_price * l_discount) as revenue from lineitem
where l_shipped >= date '1994-01-01' and l_shipped < date '1995-01-01' and l_discount between 0.05 and 0.07 and l_quantity < 24;

-- 07 trade between two nations by year
select supp, cust, year, sum(volume) as revenue from (
  select n1.n_name as supp, n2.n_name as cust, extract(year from l_shipped) as year, l_price * (1 - l_discount) as volume
  from supplier, lineitem, orders, customer, nation n1, nation n2
  where s_key = l_supplier and o_key = l_order and c_key = o_customer and s_nation = n1.n_key and c_nation = n2.n_key
    and ((n1.n_name = 'FRANCE' and n2.n_name = 'GERMANY') or (n1.n_name = 'GERMANY' and n2.n_name = 'FRANCE'))
) as shipping group by supp, cust, year order by supp, cust, year;

-- 08 a nation's share of a market
select year, sum(case when nation = 'BRAZIL' then volume else 0 end) as ours, sum(volume) as all_of_it from (
  select extract(year from o_date) as year, l_price * (1 - l_discount) as volume, n2.n_name as nation
  from part, supplier, lineitem, orders, customer, nation n1, nation n2, region
  where p_key = l_part and s_key = l_supplier and l_order = o_key and o_customer = c_key and c_nation = n1.n_key and n1.n_region = r_key and r_name = 'AMERICA' and s_nation = n2.n_key and p_type like 'ECONOMY%'
) as markets group by year order by year;

-- 09 profit by nation and year
select nation, year, sum(amount) as profit from (
  select n_name as nation, extract(year from o_date) as year, l_price * (1 - l_discount) - ps_cost * l_quantity as amount
  from part, supplier, lineitem, partsupp, orders, nation
  where s_key = l_supplier and ps_supplier = l_supplier and ps_part = l_part and p_key = l_part and o_key = l_order and s_nation = n_key and p_name like '%green%'
) as profits group by nation, year order by nation, year desc;

-- 10 who sends back the most
select c_key, c_name, sum(l_price * (1 - l_discount)) as revenue, c_balance, n_name
from customer, orders, lineitem, nation
where c_key = o_customer and l_order = o_key and o_date >= date '1993-10-01' and o_date < date '1994-10-01' and l_returned = 'R' and c_nation = n_key
group by c_key, c_name, c_balance, n_name order by revenue desc, c_key limit 20;

-- 11 stock worth more than a part of all
select ps_part, sum(ps_cost * ps_available) as worth from partsupp, supplier, nation
where ps_supplier = s_key and s_nation = n_key and n_name = 'GERMANY' group by ps_part
having sum(ps_cost * ps_available) > (select sum(ps_cost * ps_available) * 0.0001 from partsupp, supplier, nation where ps_supplier = s_key and s_nation = n_key and n_name = 'GERMANY')
order by worth desc, ps_part;

-- 12 how modes keep their promises
select l_mode, sum(case when o_priority = '1-URGENT' or o_priority = '2-HIGH' then 1 else 0 end) as high, sum(case when o_priority <> '1-URGENT' and o_priority <> '2-HIGH' then 1 else 0 end) as low
from orders, lineitem where o_key = l_order and l_mode in ('MAIL', 'SHIP') and l_committed < l_received and l_shipped < l_committed
group by l_mode order by l_mode;

-- 13 how many customers have how many orders
select orders_of, count(*) as customers from (
  select c_key, count(o_key) as orders_of from customer left outer join orders on c_key = o_customer and o_comment not like '%special%requests%' group by c_key
) as counted group by orders_of order by customers desc, orders_of desc;

-- 14 the share of promotions
select sum(case when p_type like 'PROMO%' then l_price * (1 - l_discount) else 0 end) as promo, sum(l_price * (1 - l_discount)) as total
from lineitem, part where l_part = p_key and l_shipped >= date '1995-09-01' and l_shipped < date '1995-09-01' + interval '3' month;

-- 15 the best supplier of a quarter
with revenue as (
  select l_supplier as supplier_no, sum(l_price * (1 - l_discount)) as total from lineitem
  where l_shipped >= date '1996-01-01' and l_shipped < date '1996-04-01' group by l_supplier
)
select s_key, s_name, total from supplier, revenue where s_key = supplier_no and total = (select max(total) from revenue) order by s_key;

-- 16 suppliers by what they offer, without those that people complain about
select p_brand, p_type, p_size, count(distinct ps_supplier) as suppliers from partsupp, part
where p_key = ps_part and p_brand <> 'Brand#45' and p_type not like 'LARGE POLISHED%' and p_size in (3, 9, 14, 19, 23, 36, 45, 49)
  and ps_supplier not in (select s_key from supplier where s_comment like '%Customer%Complaints%')
group by p_brand, p_type, p_size order by suppliers desc, p_brand, p_type, p_size;

-- 17 small orders of a part
select sum(l_price) as total, count(*) as n from lineitem, part
where p_key = l_part and p_brand like 'Brand#2%' and l_quantity < (select 0.4 * avg(l_quantity) from lineitem where l_part = p_key);

-- 18 large orders
select c_name, c_key, o_key, o_date, o_total, sum(l_quantity) as quantity from customer, orders, lineitem
where o_key in (select l_order from lineitem group by l_order having sum(l_quantity) > 200) and c_key = o_customer and o_key = l_order
group by c_name, c_key, o_key, o_date, o_total order by o_total desc, o_date, o_key limit 100;

-- 19 revenue of parts that are handled in person
select sum(l_price * (1 - l_discount)) as revenue, count(*) as n from lineitem, part
where (p_key = l_part and p_brand like 'Brand#1%' and p_container like 'SM%' and l_quantity between 1 and 11 and p_size between 1 and 15 and l_mode in ('AIR', 'REG AIR'))
   or (p_key = l_part and p_brand like 'Brand#2%' and p_container like 'MED%' and l_quantity between 10 and 20 and p_size between 1 and 30 and l_mode in ('AIR', 'REG AIR'))
   or (p_key = l_part and p_brand like 'Brand#3%' and p_container like 'LG%' and l_quantity between 20 and 30 and l_instruct = 'DELIVER IN PERSON');

-- 20 suppliers with more than they need
select s_name, s_balance from supplier, nation
where s_key in (
  select ps_supplier from partsupp where ps_part in (select p_key from part where p_name like 'forest%')
    and ps_available > (select 0.5 * sum(l_quantity) from lineitem where l_part = ps_part and l_supplier = ps_supplier)
) and s_nation = n_key and n_name in ('CANADA', 'INDIA', 'FRANCE') order by s_name;

-- 21 suppliers that alone kept an order waiting
select s_name, count(*) as waits from supplier, lineitem l1, orders, nation
where s_key = l1.l_supplier and o_key = l1.l_order and o_status = 'F' and l1.l_received > l1.l_committed
  and exists (select * from lineitem l2 where l2.l_order = l1.l_order and l2.l_supplier <> l1.l_supplier)
  and not exists (select * from lineitem l3 where l3.l_order = l1.l_order and l3.l_supplier <> l1.l_supplier and l3.l_received > l3.l_committed)
  and s_nation = n_key and n_name = 'SAUDI ARABIA'
group by s_name order by waits desc, s_name limit 100;

-- 22 customers that could buy and do not
select code, count(*) as customers, sum(c_balance) as balance from (
  select substring(c_phone from 1 for 2) as code, c_balance from customer
  where substring(c_phone from 1 for 2) in ('13', '31', '23', '29', '30', '18', '17')
    and c_balance > (select avg(c_balance) from customer where c_balance > 0.00)
    and not exists (select * from orders where o_customer = c_key)
) as idle group by code order by code;
