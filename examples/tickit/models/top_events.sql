/*
description = "The events that sold best in each group"
format = "parquet"
tests = [{ unique = ["catgroup", "place"] }]
*/
with sold as (
    select eventid, sum(qtysold) as tickets, sum(pricepaid) as paid
    from sale_facts
    group by eventid
), ranked as (
    select
        e.catgroup, e.eventname, e.venuecity, s.eventid, s.tickets, s.paid,
        row_number() over (partition by e.catgroup order by s.paid desc, s.eventid) as place
    from sold s
    join event_details e on e.eventid = s.eventid
)
select catgroup, place, eventid, eventname, venuecity, tickets, paid
from ranked
where place <= 10
