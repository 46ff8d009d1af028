/*
engine = "athena"
*/
select cast(at as date) as day, count(*) as events from events group by 1
