S25 "The till is offline for six hours; only her shop's customers wait" [B2 B11 C2 D5] part=4
world ana dan; sources leeds-2 and york-1 send a heartbeat every 5 minutes
load abandoned-cart(wait_for=store:6h)
D0 08:10     in  store channel.complete source=leeds-2 until=D0T08:10
D0 10:00     in  web cart.item_added cookie:ck-a cart=cart-9 item=boots-41*1@89.00
D0 10:00     in  web cart.item_added email:dan@example.com cart=cart-d item=boots-41*1@89.00
D0 11:00     in  store channel.complete source=york-1 until=D0T11:00
D0 11:00     ask email abandoned-cart/cart-9#remind email:ana@example.com message=m-1
D0 11:00     ans wait because=incomplete source=store/leeds-2 complete_until=D0T08:10 until=D0T17:00
D0 11:00     ask email abandoned-cart/cart-d#remind email:dan@example.com message=m-2
D0 11:00     ans allow certificate.complete_until.store/york-1=D0T11:00
D0 11:01     see sources source=store/leeds-2 silent_for=2h51m contacts_waiting=1
D0 14:20     in  store order.completed loyalty:L-204 order=R-77 store=leeds-2 item=boots-41*1@89.00 @D0T10:41
D0 14:20     in  store channel.complete source=leeds-2 until=D0T14:20
D0 14:20     out suppressions.email suppress journey=abandoned-cart instance=cart-9 because=bought_these_items
D0 14:21     ask email abandoned-cart/cart-9#remind email:ana@example.com message=m-1
D0 14:21     ans deny because=bought_these_items
