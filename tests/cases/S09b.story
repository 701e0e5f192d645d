S09b "Other boots instead" [A3 E7] part=4
world ana
D0 10:00     in  web cart.item_added cookie:ck-a cart=cart-9 item=boots-41*1@89.00
D0 10:41     in  store order.completed loyalty:L-204 order=R-79 store=leeds-2 item=boots-44*1@99.00
D0 10:41     out suppressions.email suppress journey=abandoned-cart instance=cart-9 because=bought_substitute

why: same leaf category, after the cart: the need is met. Only where the catalogue knows both items' category (else S09); a policy switch, on by default.
