select * from sales join c using (sale_id)
