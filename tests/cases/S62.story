S62 "A manager writes a rule; it bites without a restart" [E10 E11] part=4
world ana
D0 09:00     do  journeys new loyalty-gold --from template
D0 09:20     do  journeys check
D0 09:20     see check file=loyalty-gold.yaml line=7 says="'bougth_these_items' is no condition; did you mean 'bought_these_items'?" exit=1
D0 09:25     do  journeys check
D0 09:25     see check examples=3 passed=3 unproved=cart_emptied exit=0
D0 09:26     do  journeys explain loyalty-gold
D0 09:27     do  journeys publish loyalty-gold.yaml --shadow
D0 09:30     see shadow would_have_sent=n would_have_stopped=n side_effects=none
D0 09:40     do  journeys publish loyalty-gold.yaml
D0 09:40     in  store loyalty.tier_changed loyalty:L-204 tier=gold
D0 09:40     out state journey.entered journey=loyalty-gold
