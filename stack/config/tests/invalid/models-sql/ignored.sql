select top 3 * from sales tablesample bernoulli (10)
join users with (nolock) on true
join read_parquet('s3://other/file') on true
for update
