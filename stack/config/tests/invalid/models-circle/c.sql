with x as (select * from a) select * from x
