S16b "Order cancelled by us: out of stock" [A5 B12 E3] part=4
world ana
D0 10:00     in  web cart.item_added cookie:ck-a cart=cart-9 item=boots-41*1@89.00
D0 10:41     in  web order.completed email:ana@example.com order=W-4 cart=cart-9 item=boots-41*1@89.00
D0 13:00     in  backoffice order.cancelled order=W-4 email:ana@example.com by=merchant reason=out_of_stock
D0 13:00     out suppressions.email hold scope=purpose purpose=marketing because=let_down until=D2T13:00
D0 13:00     out opportunities offer kind=instead offer=back-in-stock-notice purpose=service
D14 12:00    not opportunities offer kind=step journey=abandoned-cart
