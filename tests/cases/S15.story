S15 "Payment pending, then failed" [A1 E4] part=1
world ana
D0 10:00     in  web cart.item_added cookie:ck-a cart=cart-9 item=boots-41*1@89.00
D0 10:41     in  web order.placed cookie:ck-a order=W-3 cart=cart-9 item=boots-41*1@89.00
D0 10:41     out suppressions.email hold journey=abandoned-cart instance=cart-9 because=payment_pending until=D0T12:41
D0 10:58     in  backoffice order.payment_failed order=W-3 email:ana@example.com
D0 10:58     out suppressions.email release journey=abandoned-cart instance=cart-9 because=payment_failed
D0 11:00     out opportunities offer kind=step journey=abandoned-cart instance=cart-9 step=remind
