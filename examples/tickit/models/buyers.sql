/*
description = "What each user has bought so far"
materialise = "merge"
key = ["userid"]
partition_by = ["bucket(4, userid)"]
tests = [
    { unique = ["userid"] },
    { relationship = { column = "userid", to = "users", field = "userid" } },
]
*/
select
    u.userid, u.city, u.state,
    count(*) as purchases, sum(f.qtysold) as tickets, sum(f.pricepaid) as paid,
    max(f.saletime) as last_purchase
from sale_facts f
join users u on u.userid = f.buyerid
group by u.userid, u.city, u.state
