S42 "Unmerge gives everything back" [B2 B10] part=2
world ana; Ben known only by loyalty:L-310
D0 09:00     in  callcentre identity.linked email:ana@example.com loyalty:L-310
D0 09:00     out state customer.merged
D0 10:00     in  web cart.item_added cookie:ck-a cart=cart-9 item=boots-41*1@89.00
D0 10:41     in  store order.completed loyalty:L-310 order=R-90 store=leeds-2 item=boots-41*1@89.00
D0 10:41     out suppressions.email suppress journey=abandoned-cart instance=cart-9 because=bought_these_items
D0 10:50     do  customer unmerge email:ana@example.com loyalty:L-310 --because "agent typed a wrong card"
D0 10:50     out state customer.unmerged customer=ana
D0 10:50     out state customer.unmerged customer=ben
D0 10:50     out suppressions.email release journey=abandoned-cart instance=cart-9 because=unmerged customer=ana
D0 10:50     out opportunities withdraw offer=care-kit because=unmerged customer=ana
D0 10:51     see customer loyalty:L-310 orders.count=1
D0 10:51     see customer email:ana@example.com orders.count=0
D0 10:51     see unmerge-report contacts_that_rested_on_it=0
D0 11:00     out opportunities offer kind=step journey=abandoned-cart instance=cart-9 step=remind customer=ana
D0 12:00     in  callcentre identity.linked email:ana@example.com loyalty:L-310
D0 12:00     out state identity.contested identifier=loyalty:L-310

why: the last two rows: a replay of, or retry by, the same wrong source must not silently re-merge what a person has parted; it takes `customer merge --override`.
