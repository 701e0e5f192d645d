S45 "A postcard before its print cut-off" [A3 B11 E4] part=4
world ana
load none
D0 09:00     in  directmail message.scheduled email:ana@example.com message=m-p1 sender=lob handle=psc_77 about=boots-41 due=D3T09:00 revocable_until=D1T12:00
D0 10:41     in  store order.completed loyalty:L-204 order=R-77 store=leeds-2 item=boots-41*1@89.00
D0 10:41     out suppressions.directmail suppress scope=message message=m-p1 handle=psc_77 revocable_until=D1T12:00 because=about_bought_items
D0 10:42     in  directmail message.cancelled message=m-p1 handle=psc_77 email:ana@example.com
D0 10:42     out decisions cancelled message=m-p1
D3 09:00     see customer email:ana@example.com contacts.directmail.7d=0
