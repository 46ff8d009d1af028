/*
description = "Every event once"
materialise = "append"
new_files_of = "events"
*/
select id, kind
from events
