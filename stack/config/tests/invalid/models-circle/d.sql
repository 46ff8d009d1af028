select * from d, a
