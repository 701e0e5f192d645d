S54 "A live change is shown before it bites" [C3 E10] part=4
world ana; 1,000 instances of abandoned-cart running
D0 10:00     do  journeys backtest abandoned-cart.yaml --against live --last 28d
D0 10:00     see diff stopped_more=n stopped_less=n per_customer=true reasons=true
D0 10:05     do  journeys publish abandoned-cart.yaml
D0 10:05     see instances stop_rules=new steps=as_entered
D0 10:06     do  journeys rollback abandoned-cart
D0 10:06     see instances stop_rules=old steps=as_entered
why: a new stop or hold rule is safety and applies to all at once; steps and waits apply to new entrants, so that nobody gets a second reminder or jumps one.
