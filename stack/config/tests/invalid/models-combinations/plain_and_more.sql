/*
format = "parquet"
materialise = "merge"
key = ["sale_id", "sale_id"]
partition_by = ["day(sold_at)"]
renamed = { sale_id = "id" }
*/
select * from sales
