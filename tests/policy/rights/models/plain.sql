/*
description = "Events as they are"
format = "parquet"
*/
select id, kind
from events
