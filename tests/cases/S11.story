S11 "The till says how much, not what" [B9 D5] part=4
world ana
D0 10:00     in  web cart.item_added cookie:ck-a cart=cart-9 item=boots-41*1@89.00
D0 10:41     in  store order.completed loyalty:L-204 order=R-77 store=leeds-2 value=89.00
D0 10:41     out suppressions.email hold journey=abandoned-cart instance=cart-9 because=bought_unknown_items until=D1T10:41
D1 02:10     in  store order.completed loyalty:L-204 order=R-77 store=leeds-2 item=boots-41*1@89.00 @D0T10:41
D1 02:10     out suppressions.email suppress journey=abandoned-cart instance=cart-9 because=bought_these_items
D1 02:11     see customer email:ana@example.com orders.count=1
