S18 "Till void: the purchase never was" [D5] part=1
world ana
D0 10:00     in  web cart.item_added cookie:ck-a cart=cart-9 item=boots-41*1@89.00
D0 10:41     in  store order.completed loyalty:L-204 order=R-77 store=leeds-2 item=boots-41*1@89.00
D0 10:41     out suppressions.email suppress journey=abandoned-cart instance=cart-9 because=bought_these_items
D0 10:44     in  store order.voided loyalty:L-204 order=R-77 store=leeds-2
D0 10:44     out state cart.reopened cart=cart-9 status=abandoned
D0 10:44     out suppressions.email release journey=abandoned-cart instance=cart-9 because=fact_retracted
D0 10:44     out suppressions.push release journey=abandoned-cart instance=cart-9 because=fact_retracted
D0 10:44     out opportunities withdraw offer=care-kit because=fact_retracted
D0 11:00     out opportunities offer kind=step journey=abandoned-cart instance=cart-9 step=remind
