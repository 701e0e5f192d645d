S53 "Stop that journey, now" [E10 E11] part=4
world ana
D0 10:00     in  web cart.item_added cookie:ck-a cart=cart-9 item=boots-41*1@89.00
D0 10:40     do  journeys pause abandoned-cart --because "wrong price in the template"
D0 10:40     out suppressions.email hold scope=journey journey=abandoned-cart because=journey_paused
D0 11:00     ask email abandoned-cart/cart-9#remind email:ana@example.com message=m-1
D0 11:00     ans wait because=journey_paused
D0 13:00     do  journeys resume abandoned-cart
D0 13:00     out suppressions.email release scope=journey journey=abandoned-cart because=resumed
D0 13:00     out opportunities offer kind=step journey=abandoned-cart instance=cart-9 step=remind
why: no deployment, no restart, one command; the gate answers at once for everyone, without visiting each customer first. A record of scope `journey` has no customer: it must be
written to every partition of the topic, since a sender's instances share the partitions out.
