S05 "Suppress becomes replace, judged on history and on the moment; offers go stale too" [A5 A6 B1 D4] part=4
world ana; has not bought care-kit in 365 days
D0 10:00     in  web cart.item_added cookie:ck-a cart=cart-9 item=boots-41*1@89.00
D0 10:41     in  store order.completed loyalty:L-204 order=R-77 store=leeds-2 item=boots-41*1@89.00
D0 10:41     out opportunities offer kind=instead offer=care-kit channels=email,callcentre good_until=D14T10:41
D0 15:00     in  callcentre opportunity.taken phone:+447700900123 offer=care-kit
D0 15:00     out opportunities withdraw offer=care-kit channels=email because=claimed_elsewhere
D0 15:06     in  callcentre order.completed phone:+447700900123 order=T-5 item=care-kit*1@12.00
D0 15:06     out opportunities withdraw offer=care-kit because=bought_offer
D0 16:00     ask email none/none#any email:ana@example.com message=m-3 offer=care-kit about=care-kit
D0 16:00     ans deny because=bought_offer
