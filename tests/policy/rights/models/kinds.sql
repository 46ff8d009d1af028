/*
description = "How many events there are of each kind"
tests = [{ unique = ["kind"] }]
*/
select kind, count(*) as events
from events
group by kind
