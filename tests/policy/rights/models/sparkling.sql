/*
description = "Events as Spark reads them"
engine = "spark"
*/
select id, kind
from plain
