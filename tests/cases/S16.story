S16 "Order cancelled by the customer" [A3 D2] part=1
world ana
D0 10:00     in  web cart.item_added cookie:ck-a cart=cart-9 item=boots-41*1@89.00
D0 10:41     in  web order.completed email:ana@example.com order=W-4 cart=cart-9 item=boots-41*1@89.00
D0 10:41     out opportunities offer kind=instead offer=care-kit
D0 13:00     in  backoffice order.cancelled order=W-4 email:ana@example.com by=customer
D0 13:00     out opportunities withdraw offer=care-kit because=order_cancelled
D14 12:00    not suppressions.email release
D14 12:00    not opportunities offer kind=step journey=abandoned-cart

why: she decided twice: bought, then not. "You left something behind" would argue with her. A new cart starts a new instance.
