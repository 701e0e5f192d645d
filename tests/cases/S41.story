S41 "Two people, one tablet" [B2 B10] part=2
world ana ben; device:tab-1 belongs to nobody yet
D0 10:00     in  app identity.linked email:ana@example.com device:tab-1
D0 10:05     in  app cart.item_added device:tab-1 cart=cart-9 item=boots-41*1@89.00
D0 10:20     in  app identity.unlinked email:ana@example.com device:tab-1
D0 10:25     in  app identity.linked email:ben@example.com device:tab-1
D0 10:25     out state identity.contested identifier=device:tab-1
D0 10:41     in  app order.completed email:ben@example.com device:tab-1 order=A-7 item=boots-41*1@89.00
D0 10:45     in  app product.viewed device:tab-1 item=jacket-3
D0 10:46     not state customer.merged
D0 10:46     see customer email:ben@example.com orders.count=1
D0 10:46     see customer email:ana@example.com orders.count=0 carts.cart-9.status=abandoned
D0 10:46     not suppressions.email suppress customer=ana
D0 11:05     out opportunities offer kind=step journey=abandoned-cart instance=cart-9 step=remind customer=ana

why: a device seen with two strong identities proves a shared device, not one person. It keeps what it earned under each login and afterwards speaks for nobody.
