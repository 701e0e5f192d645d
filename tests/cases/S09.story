S09 "A different basket in the store" [A3 A6 C2] part=1
world ana
D0 10:00     in  web cart.item_added cookie:ck-a cart=cart-9 item=boots-41*1@89.00
D0 10:41     in  store order.completed loyalty:L-204 order=R-78 store=leeds-2 item=jacket-3*1@120.00
D0 10:41     out suppressions.email hold journey=abandoned-cart instance=cart-9 because=just_bought until=D1T10:41
D0 10:41     out suppressions.push hold journey=abandoned-cart instance=cart-9 because=just_bought until=D1T10:41
D0 11:00     ask email abandoned-cart/cart-9#remind email:ana@example.com message=m-1
D0 11:00     ans wait because=just_bought until=D1T10:41
D1 10:41     out suppressions.email release journey=abandoned-cart instance=cart-9 because=hold_lapsed
D1 10:41     out opportunities offer kind=step journey=abandoned-cart instance=cart-9 step=remind about=boots-41
D1 10:42     not suppressions.email suppress

why: contentious. The articles invalidate *those same items*; nothing says the boots are off. But nineteen minutes after paying at a till that mail reads as deaf. A hold costs a
day and is reversible; a suppress would throw away a live intent. A hold moves a due step to its end, and `good_for` counts from there.
