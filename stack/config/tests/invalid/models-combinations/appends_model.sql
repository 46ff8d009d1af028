/*
materialise = "append"
new_files_of = "appends_all"
*/
select * from sales join appends_all using (sale_id)
