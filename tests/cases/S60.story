S60 "She is back in the cart two minutes before" [C1 E7] part=4
world ana
D0 10:00     in  web cart.item_added cookie:ck-a cart=cart-9 item=boots-41*1@89.00
D0 10:58     in  web checkout.started cookie:ck-a cart=cart-9
D0 10:58     out suppressions.email hold journey=abandoned-cart instance=cart-9 because=in_checkout until=D0T11:28
D0 11:00     ask email abandoned-cart/cart-9#remind email:ana@example.com message=m-1
D0 11:00     ans wait because=in_checkout until=D0T11:28
D0 11:28     out suppressions.email release journey=abandoned-cart instance=cart-9 because=hold_lapsed
D0 11:28     out opportunities offer kind=step journey=abandoned-cart instance=cart-9 step=remind
D0 11:29     see count topic=opportunities kind=step value=1
