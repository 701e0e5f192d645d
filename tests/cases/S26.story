S26 "The wait has an end, and the risk is written down" [B11] part=4
world ana; source leeds-2 complete until D0T08:10
load abandoned-cart(wait_for=store:6h)
D0 10:00     in  web cart.item_added cookie:ck-a cart=cart-9 item=boots-41*1@89.00
D0 11:00     ask email abandoned-cart/cart-9#remind email:ana@example.com message=m-1
D0 11:00     ans wait because=incomplete until=D0T17:00
D0 17:00     ask email abandoned-cart/cart-9#remind email:ana@example.com message=m-1
D0 17:00     ans allow certificate.complete_until.store/leeds-2=D0T08:10 certificate.risk=source_silent
D0 17:00:05  in  email message.sent email:ana@example.com message=m-1 journey=abandoned-cart instance=cart-9 step=remind
D1 09:00     in  store order.completed loyalty:L-204 order=R-77 store=leeds-2 item=boots-41*1@89.00 @D0T10:41
D1 09:00     out decisions judged message=m-1 verdict=stale blame=source_offline
