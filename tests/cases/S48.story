S48 "Ads that follow her after the purchase" [A3 B10 B11] part=4
world ana
load none
D0 09:00     in  ads message.scheduled email:ana@example.com message=m-a sender=meta handle=aud-boots about=boots-41 standing=true
D0 10:41     in  store order.completed loyalty:L-204 order=R-77 store=leeds-2 item=boots-41*1@89.00
D0 10:41     out suppressions.ads suppress scope=message message=m-a handle=aud-boots because=about_bought_items recipients=email_sha256:8e43ca37
D0 10:42     see topic suppressions.ads has_not=ana@example.com
D0 18:41     in  ads message.cancelled message=m-a handle=aud-boots email:ana@example.com
D0 18:41     out decisions cancelled message=m-a took=8h0m
