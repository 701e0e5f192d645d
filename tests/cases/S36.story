S36 "Unsubscribe binds the address, whoever uses it" [B10 D3] part=5
world ana ben
D0 09:00     in  web profile.changed loyalty:L-204 contact=email:family@example.com
D0 09:00     in  web profile.changed loyalty:L-310 contact=email:family@example.com
D0 10:00     in  web cart.item_added loyalty:L-204 cart=cart-9 item=boots-41*1@89.00
D0 10:10     in  email consent.withdrawn email:family@example.com channel=email purpose=marketing proof=one-click
D0 10:10     out suppressions.email suppress scope=endpoint purpose=marketing customer=ana because=address_refused recipients=email:family@example.com
D0 10:10     out suppressions.email suppress scope=endpoint purpose=marketing customer=ben because=address_refused recipients=email:family@example.com
D0 10:11     ask email none/none#any loyalty:L-310 message=m-1
D0 10:11     ans deny because=address_refused
