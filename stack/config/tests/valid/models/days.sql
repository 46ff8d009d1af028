select distinct date_trunc('day', sold_at) as day from everything
