S10 "She had bought before she put it in the cart" [A6 D5] part=1
world ana
D0 10:00     in  web cart.item_added cookie:ck-a cart=cart-9 item=boots-41*1@89.00
D0 10:20     in  store order.completed loyalty:L-204 order=R-70 store=leeds-2 item=boots-41*1@89.00 @D0T08:30
D0 10:29     not suppressions.email hold
D0 10:30     out state journey.entered journey=abandoned-cart instance=cart-9
D0 10:30     out suppressions.email hold journey=abandoned-cart instance=cart-9 because=just_bought until=D1T08:30
D1 08:30     out suppressions.email release journey=abandoned-cart instance=cart-9 because=hold_lapsed
D1 08:31     not suppressions.email suppress

why: the purchase *arrived* later but *happened* earlier: she wants a second pair or another size. Judging by arrival gives the wrong answer. Five minutes' tolerance.
