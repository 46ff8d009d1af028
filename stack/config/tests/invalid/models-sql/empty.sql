/* description = "x" */
-- later
