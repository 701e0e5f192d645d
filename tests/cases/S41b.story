S41b "A shared tablet does not make her deaf" [B2 B10] part=2
world ana ben; device:tab-1 belongs to nobody yet
D0 10:00     in  app identity.linked email:ana@example.com device:tab-1
D0 10:05     in  app cart.item_added device:tab-1 cart=cart-9 item=boots-41*1@89.00
D0 10:25     in  app identity.linked email:ben@example.com device:tab-1
D0 10:25     out state identity.contested identifier=device:tab-1
D0 10:30     in  app order.completed device:tab-1 order=A-6 item=boots-41*1@89.00
D0 10:31     not suppressions.email suppress
D0 10:31     see customer email:ana@example.com orders.count=0
D0 10:31     see customer email:ben@example.com orders.count=0
D0 10:41     in  app order.completed email:ana@example.com device:tab-1 order=A-7 item=boots-41*1@89.00
D0 10:41     out state cart.bought cart=cart-9
D0 10:41     out suppressions.email suppress journey=abandoned-cart instance=cart-9 steps=remind,discount because=bought_these_items customer=ana
D0 10:42     see customer email:ben@example.com orders.count=0
D0 10:42     not state customer.merged
D14 12:00    not opportunities offer kind=step journey=abandoned-cart

why: what the tablet alone says is nobody's: it may have been either of them. What she says under her own name counts as ever, whatever stands beside it.
