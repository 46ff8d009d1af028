/*
description = "What was sold on each day, by kind of event"
materialise = "partition"
partition_by = ["month(sold_on)"]
tests = [
    { unique = ["sold_on", "catgroup"] },
    { accepted_values = { column = "catgroup", values = ["Sports", "Shows", "Concerts"] } },
]
*/
select
    f.sold_on, e.catgroup,
    count(*) as sales, sum(f.qtysold) as tickets, sum(f.pricepaid) as paid
from sale_facts f
join event_details e on e.eventid = f.eventid
group by f.sold_on, e.catgroup
