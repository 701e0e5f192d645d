S64 "Strangers and robots do not fill the disk" [E6 E9] part=2
world none
D0 10:00     in  web product.viewed cookie:bot-1 item=jacket-{1..5000} times=5000
D0 10:01     see customer cookie:bot-1 state_bytes_max=16384 flagged=too_busy
D0 10:02     in  web product.viewed cookie:ck-z item=jacket-3
D31 10:03    see customer cookie:ck-z found=false
D31 10:03    see metric customers_forgotten_total{because=anonymous_expired} value=2
