/*
description = "How many events there are of each kind"
tests = [{ unique = ["kind"] }]
*/
select kind, count(*) as events
from plain
group by kind
