-- Every key of a header, as far as they go together.
/*
description = "Sales with their users"
materialise = "merge"
key = ["sale_id"]
format = "iceberg"
partition_by = ["month(sold_at)", "bucket(16, user_id)", "truncate(4, name)", "city"]
engine = "datafusion"
renamed = { city = "town" }
tests = [
    { unique = ["sale_id"] },
    { not_null = ["sale_id", "sold_at"] },
    { accepted_values = { column = "city", values = ["Bern", "Wien"] } },
    { relationship = { column = "user_id", to = "users", field = "id" } },
    { sql = "select * from everything where total < 0" },
]
*/
with named as (select id, name, city from users)
select sale_id, user_id, total, sold_at, name, city
from sales join named on user_id = named.id;
