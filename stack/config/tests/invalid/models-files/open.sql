/*
description = "never closed"
select sold_at from sales
