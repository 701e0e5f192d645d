S19 "One receipt five times" [D5] part=1
world ana
D0 10:00     in  web cart.item_added cookie:ck-a cart=cart-9 item=boots-41*1@89.00
D0 10:41     in  store order.completed loyalty:L-204 id=pos-8812 order=OFFLINE-00017 store=leeds-2 value=89.00 item=boots-41*1@89.00
D0 10:42     in  store order.completed loyalty:L-204 id=pos-8812 order=OFFLINE-00017 store=leeds-2 value=89.00 item=boots-41*1@89.00
D0 10:50     in  store order.completed loyalty:L-204 id=pos-8813 order=R-77 replaces=OFFLINE-00017 store=leeds-2 value=89.00 item=boots-41*1@89.00 @D0T10:41
D1 02:10     in  store order.completed loyalty:L-204 id=file-55 order=R-77 store=leeds-2 value=89.00 item=boots-41*1@89.00 @D0T10:41
D1 02:11     in  store order.completed loyalty:L-204 order=R-77 store=leeds-2 value=89.00 item=boots-41*1@89.00 @D0T10:41
D1 02:12     see customer email:ana@example.com orders.count=1 orders.value=89.00
D1 02:12     see count topic=suppressions.email action=suppress value=1
D1 02:12     see count topic=state transition=cart.bought value=1

why: same message id, same order under an offline placeholder number that the till later replaces, the same order again in the nightly file under another id, and once with no
id at all. Dedupe by message id alone books five pairs of boots.
