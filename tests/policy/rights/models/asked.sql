/*
description = "Events as Athena reads them"
engine = "athena"
*/
select id, kind
from plain
