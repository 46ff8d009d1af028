/*
materialise = "merge"
*/
select * from sales
