/* format = "parquet" */ SELECT "name", count(*) AS "count" FROM Users GROUP BY 1
