S08 "Part of the cart bought" [A1 A3 D2] part=4
world ana
D0 10:00     in  web cart.item_added cookie:ck-a cart=cart-9 item=boots-41*1@89.00
D0 10:01     in  web cart.item_added cookie:ck-a cart=cart-9 item=socks-2*2@9.00
D0 10:02     in  web cart.item_added cookie:ck-a cart=cart-9 item=belt-7*1@39.00
D0 10:41     in  store order.completed loyalty:L-204 order=R-77 store=leeds-2 item=boots-41*1@89.00
D0 10:41     out state cart.part_bought cart=cart-9 remaining=socks-2,belt-7
D0 10:41     out suppressions.email suppress journey=abandoned-cart instance=cart-9 steps=remind,discount because=bought_part
D0 10:41     out suppressions.push suppress journey=abandoned-cart instance=cart-9 steps=nudge because=bought_part
D1 10:41     out state journey.entered journey=abandoned-cart instance=cart-9.2
D1 11:11     out opportunities offer kind=step journey=abandoned-cart instance=cart-9.2 step=remind about=socks-2,belt-7
D14 12:00    not opportunities offer about=boots-41 since=D0T10:41

why: the planned mail shows the boots, so it is wrong as a whole; the socks and belt (57.00, above the journey's minimum) may still be worth a word, but as a *new* instance
with the rest only, after a day of peace. Gumroad shipped exactly "per product, not per cart" after measuring 25.9 % stale cart mails (notes/people.md).
