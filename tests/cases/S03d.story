S03d "Whoever holds an old id finds her" [A1 B2] part=2
world ana split
D0 10:00     in  web cart.item_added cookie:ck-a cart=cart-9 item=boots-41*1@89.00
D0 10:41     in  store order.completed loyalty:L-204 order=R-77 store=leeds-2 item=boots-41*1@89.00
D0 10:49     see customer loyalty:L-204 id_of=D0T10:45 orders.count=1 carts.cart-9.status=none
D0 10:49     see customer email:ana@example.com id_of=D0T10:45 orders.count=0 carts.cart-9.status=abandoned
D0 10:50     in  app identity.linked email:ana@example.com loyalty:L-204
D0 10:50     out state customer.merged
D0 10:51     see customer loyalty:L-204 id_of=D0T10:45 orders.count=1 carts.cart-9.status=bought
D0 10:51     see customer email:ana@example.com id_of=D0T10:45 orders.count=1 carts.cart-9.status=bought
D0 11:00     in  store order.completed loyalty:L-204 order=R-78 store=leeds-2 item=belt-7*1@39.00
D30 12:00    see customer loyalty:L-204 id_of=D0T10:45 orders.count=2
D30 12:00    see customer email:ana@example.com id_of=D0T10:45 orders.count=2

why: a call centre, a warehouse or a sender may have kept either of the two ids. Both lead to her, long after they were one.
