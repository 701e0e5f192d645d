S21 "The phone's clock is three hours fast" [D5] part=1
world ana
D0 10:00:05  in  app cart.item_added device:ph-a cart=cart-9 item=boots-41*1@89.00 sent_at=D0T13:00:05 @D0T13:00:00
D0 10:00:05  see customer email:ana@example.com carts.cart-9.added_at=D0T10:00:00 time_source=corrected
D0 10:41     in  store order.completed loyalty:L-204 order=R-77 store=leeds-2 item=boots-41*1@89.00
D0 10:41     out suppressions.email suppress journey=abandoned-cart instance=cart-9 because=bought_these_items
