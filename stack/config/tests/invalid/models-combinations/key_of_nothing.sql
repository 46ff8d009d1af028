/*
key = ["sale_id"]
new_files_of = "sales"
*/
select * from sales
