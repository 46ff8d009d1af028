/*
engine = "spark"
*/
select cast(at as date) as month, count(*) as events from events group by 1
