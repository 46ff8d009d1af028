/*
desription = "Sales by day"
materialise = "incremental"
key = ["Day"]
partition_by = ["days(sold_at)", "bucket(user_id, 16)", "day(sold_at", "city", "city"]
format = "parquett"
engine = "sparc"
renamed = { city = "Town" }
tests = [
    { unique = [] },
    { not_null = ["day"], sql = "select 1" },
    { },
    { accepted_values = { column = "kind" } },
    { relationship = { column = "user_id", to = "user", field = "id" } },
    { sql = "select * from sale where total < 0" },
    { sql = "delete from sales" },
]
*/
select sold_at from sales
