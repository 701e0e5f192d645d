S03 "Purchase on the loyalty card before card and e-mail are known to be one person" [A1 B2] part=1
world ana split
D0 10:00     in  web cart.item_added cookie:ck-a cart=cart-9 item=boots-41*1@89.00
D0 10:41     in  store order.completed loyalty:L-204 order=R-77 store=leeds-2 item=boots-41*1@89.00
D0 10:49     not suppressions.email suppress
D0 10:50     in  app identity.linked email:ana@example.com loyalty:L-204
D0 10:50     out state customer.merged
D0 10:50     out state cart.bought cart=cart-9 event_time=D0T10:41
D0 10:50     out suppressions.email suppress journey=abandoned-cart instance=cart-9 steps=remind,discount because=bought_these_items
D0 10:50     out suppressions.push suppress journey=abandoned-cart instance=cart-9 steps=nudge because=bought_these_items
D0 11:00     not opportunities offer kind=step step=remind
