/* description = "x" */
select total,
from sales where
