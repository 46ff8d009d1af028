/*
materialise = "append"
new_files_of = "sales"

[[tests]]
relationship = { column = "day", to = "days", field = "day" }
*/
select date_trunc('day', sold_at) as day, total from sales
