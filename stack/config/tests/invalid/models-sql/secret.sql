select * from sales where token = 'AKIAABCDEFGH12345678'
