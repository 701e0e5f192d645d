S01 "Boots bought in the shop before the mail leaves" [A1 A3 A5 E2] part=1
world ana
D0 10:00     in  web cart.item_added cookie:ck-a cart=cart-9 item=boots-41*1@89.00
D0 10:30     out state cart.abandoned cart=cart-9
D0 10:41:07  in  store order.completed loyalty:L-204 id=pos-8812 order=R-77 store=leeds-2 item=boots-41*1@89.00
D0 10:41:07  out state cart.bought cart=cart-9
D0 10:41:07  out suppressions.email suppress journey=abandoned-cart instance=cart-9 steps=remind,discount because=bought_these_items recipients=email:ana@example.com,braze:bz-1
D0 10:41:07  out suppressions.push suppress journey=abandoned-cart instance=cart-9 steps=nudge because=bought_these_items recipients=device:ph-a
D0 10:41:07  out opportunities offer kind=instead offer=care-kit replaces=abandoned-cart/cart-9

