insert into sales select * from users
