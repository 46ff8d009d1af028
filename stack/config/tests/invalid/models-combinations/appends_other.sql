/*
materialise = "append"
new_files_of = "users"
*/
select * from sales
