S47 "Coupon from the Sunday paper" [B11 B7] part=4
world ana
load none
D0 09:00     in  email message.scheduled email:ana@example.com message=m-1 sender=braze handle=d-1 campaign=winter20 offer=winter-20 due=D1T09:00
D0 12:00     in  store order.completed loyalty:L-204 order=R-81 store=leeds-2 item=belt-7*1@39.00 coupon=PAPER20 offer=winter-20
D0 12:00     out state exposure.seen campaign=winter20 channel=broadcast
D0 12:00     out suppressions.email suppress scope=message message=m-1 handle=d-1 because=offer_used
