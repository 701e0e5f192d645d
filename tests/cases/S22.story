S22 "Two years of history loaded on day one" [E11 E12] part=4
world ana
D0 09:00     in  web cart.item_added email:old@example.com cart=cart-old item=boots-41*1@89.00 @2024-05-01T10:00
D0 09:00     in  store order.completed loyalty:L-204 order=H-1 store=leeds-2 item=care-kit*1@12.00 @2025-12-03T10:00
D0 09:01     see customer email:ana@example.com orders.count=1
D0 09:02     see metric journeys_not_started_total{because=too_old} value=1
D14 12:00    not opportunities offer kind=step
D14 12:00    not suppressions.email suppress
why: CubeCart #3989: an upgrade mailed years-old carts. A journey starts only from a moment younger than its `not_older_than` (default 1 h); history still informs (S05).
