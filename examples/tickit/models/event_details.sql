/*
description = "Each event with its venue, its kind and its day"
tests = [
    { unique = ["eventid"] },
    { not_null = ["eventid", "starts_on"] },
    { relationship = { column = "eventid", to = "events", field = "eventid" } },
]
*/
select
    e.eventid, e.eventname, e.starttime, d.caldate as starts_on, d.holiday,
    v.venueid, v.venuename, v.venuecity, v.venuestate, v.venueseats,
    c.catgroup, c.catname
from events e
join venues v on v.venueid = e.venueid
join categories c on c.catid = e.catid
join dates d on d.dateid = e.dateid
