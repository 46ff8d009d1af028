/*
materialise = "append"
new_files_of = "sales"
engine = "athena"
*/
select * from sales
