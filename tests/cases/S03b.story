S03b "The link comes after the mail" [A1 B7] part=2
world ana split
D0 10:00     in  web cart.item_added cookie:ck-a cart=cart-9 item=boots-41*1@89.00
D0 10:41     in  store order.completed loyalty:L-204 order=R-77 store=leeds-2 item=boots-41*1@89.00
D0 11:00     ask email abandoned-cart/cart-9#remind email:ana@example.com message=m-1
D0 11:00     ans allow
D0 11:00:02  in  email message.sent email:ana@example.com message=m-1 journey=abandoned-cart instance=cart-9 step=remind
D0 11:30     in  app identity.linked email:ana@example.com loyalty:L-204
D0 11:30     out state customer.merged
D0 11:30     out suppressions.email suppress journey=abandoned-cart instance=cart-9 steps=discount because=bought_these_items
D0 11:30     out decisions judged message=m-1 verdict=stale blame=identity_late
