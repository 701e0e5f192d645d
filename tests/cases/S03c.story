S03c "What she did before she logged in" [A1 B2] part=2
world ana; cookie:ck-new belongs to nobody yet
D0 10:00     in  web cart.item_added cookie:ck-new cart=cart-9 item=boots-41*1@89.00
D0 10:30     out state cart.abandoned cart=cart-9
D0 10:41     in  store order.completed loyalty:L-204 order=R-77 store=leeds-2 item=boots-41*1@89.00
D0 10:49     not suppressions.email suppress
D0 10:49     see customer cookie:ck-new orders.count=0 carts.cart-9.status=abandoned
D0 10:50     in  web identity.linked cookie:ck-new email:ana@example.com
D0 10:50     out state customer.merged
D0 10:50     out state cart.bought cart=cart-9 event_time=D0T10:41
D0 10:50     out suppressions.email suppress journey=abandoned-cart instance=cart-9 steps=remind,discount because=bought_these_items recipients=email:ana@example.com,braze:bz-1
D0 10:51     see customer cookie:ck-new orders.count=1 carts.cart-9.status=bought
D14 12:00    not opportunities offer kind=step journey=abandoned-cart

why: a visit comes first and the name after it. What the visitor did is hers from then on, and is judged at once, by all that was known of her.
