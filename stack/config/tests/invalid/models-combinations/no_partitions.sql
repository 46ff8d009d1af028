/*
materialise = "partition"
*/
select * from sales
