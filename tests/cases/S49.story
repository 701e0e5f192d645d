S49 "Her phone says she is in the shop" [B11 E6 E7] part=4
world ana
D0 10:00     in  web cart.item_added cookie:ck-a cart=cart-9 item=boots-41*1@89.00
D0 10:55     in  store store.visited device:ph-a store=leeds-2
D0 10:55     out suppressions.email hold journey=abandoned-cart instance=cart-9 because=in_store until=D0T12:55
D0 11:00     ask email abandoned-cart/cart-9#remind email:ana@example.com message=m-1
D0 11:00     ans wait because=in_store until=D0T12:55
D0 12:55     out suppressions.email release journey=abandoned-cart instance=cart-9 because=hold_lapsed
D0 12:55     out opportunities offer kind=step journey=abandoned-cart instance=cart-9 step=remind
