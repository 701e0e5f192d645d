S43 "The cashier's own card" [B2] part=2
world eve: email:eve@example.com loyalty:L-999, works at leeds-2
D0 09:00     in  web cart.item_added email:eve@example.com cart=cart-e item=boots-41*1@89.00
D0 09:30     in  store order.completed loyalty:L-999 store=leeds-2 item=socks-2*1@9.00 order=Q-{1..11} times=11
D0 09:30     out state identity.contested identifier=loyalty:L-999
D0 09:40     in  store order.completed loyalty:L-999 order=Q-12 store=leeds-2 item=boots-41*1@89.00
D0 09:41     not suppressions.email suppress because=bought_these_items
D0 09:41     see metric identifiers_contested_total{type=loyalty} value=1

why: cards swiped for customers who have none are everyday (notes/people.md). Over the policy's pace the card stops speaking for a person; its receipts stay, unattributed.
