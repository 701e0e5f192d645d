S42b "What rested on a wrong merge, and a person who insists" [B2 B10] part=2
world ana; Ben known only by loyalty:L-310
D0 09:00     in  callcentre identity.linked email:ana@example.com loyalty:L-310
D0 09:00     out state customer.merged
D0 10:00     in  web cart.item_added cookie:ck-a cart=cart-9 item=boots-41*1@89.00
D0 11:00     out opportunities offer kind=step journey=abandoned-cart instance=cart-9 step=remind
D0 11:00:02  in  email message.sent email:ana@example.com message=m-1 journey=abandoned-cart instance=cart-9 step=remind
D0 11:10     do  customer unmerge email:ana@example.com loyalty:L-310 --because "agent typed a wrong card"
D0 11:10     see unmerge-report contacts_that_rested_on_it=m-1
D0 12:00     in  callcentre identity.linked email:ana@example.com loyalty:L-310
D0 12:05     in  store order.completed loyalty:L-310 order=R-90 store=leeds-2 item=boots-41*1@89.00
D0 12:09     not state customer.merged since=D0T09:01
D0 12:09     not suppressions.email suppress
D0 12:10     do  customer merge email:ana@example.com loyalty:L-310 --because "it is her card after all"
D0 12:10     out state customer.merged
D0 12:10     out state cart.bought cart=cart-9 event_time=D0T12:05
D0 12:10     out suppressions.email suppress journey=abandoned-cart instance=cart-9 steps=discount because=bought_these_items
D0 12:11     see customer loyalty:L-310 orders.count=1 carts.cart-9.status=bought

why: a source that repeats itself does not undo what a person has decided; another decision of a person does.
