/*
materialise = "append"
*/
select * from sales
