S24 "Eight hours down, then catching up" [B3 E4] part=4
world ana ben
D0 10:00     in  web cart.item_added cookie:ck-a cart=cart-9 item=boots-41*1@89.00
D0 10:00     in  web cart.item_added email:ben@example.com cart=cart-b item=belt-7*1@39.00
D0 10:35     do  stop workers
D0 10:41     in  store order.completed loyalty:L-204 order=R-77 store=leeds-2 item=boots-41*1@89.00
D0 18:35     do  start workers
D0 18:35     out suppressions.email suppress journey=abandoned-cart instance=cart-9 because=bought_these_items
D0 18:35     out opportunities offer kind=step journey=abandoned-cart instance=cart-b step=remind
D0 18:36     not opportunities offer kind=step instance=cart-9
why: Ana's timer is older than her purchase in the backlog but must not fire before it. Ben's reminder is late yet within its 12 h; down for thirteen hours it would be `given_up`,
`expired`. Catch-up mails are paced, not one burst.
