/*
description = "Each sale with what it is of; grows with each file of sales"
materialise = "append"
new_files_of = "sales"
partition_by = ["month(sold_on)"]
tests = [
    { unique = ["salesid"] },
    { not_null = ["salesid", "sold_on", "pricepaid"] },
    { sql = "select * from sale_facts where commission > pricepaid" },
]
*/
select
    s.salesid, s.saletime, d.caldate as sold_on, s.buyerid, s.sellerid, s.eventid,
    s.qtysold, l.priceperticket, s.pricepaid, s.commission
from sales s
join listings l on l.listid = s.listid
join dates d on d.dateid = s.dateid
