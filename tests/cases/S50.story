S50 "A complaint is open" [B12 E3] part=4
world ana
D0 10:00     in  web cart.item_added cookie:ck-a cart=cart-9 item=boots-41*1@89.00
D0 10:45     in  social case.opened email:ana@example.com case=C-1 kind=complaint
D0 10:45     out state service.complaint_open case=C-1
D0 10:45     out suppressions.email hold scope=purpose purpose=marketing because=complaint_open
D0 10:45     out suppressions.push hold scope=purpose purpose=marketing because=complaint_open
D0 11:00     ask email abandoned-cart/cart-9#remind email:ana@example.com message=m-1
D0 11:00     ans wait because=complaint_open
D0 11:01     ask email none/none#any email:ana@example.com message=m-2 class=service
D0 11:01     ans allow
D2 16:00     in  callcentre case.closed email:ana@example.com case=C-1
D2 16:00     out opportunities offer kind=instead offer=make-good
D4 16:00     out suppressions.email release scope=purpose purpose=marketing because=case_closed
D4 16:00     out opportunities offer kind=step journey=abandoned-cart instance=cart-9 step=remind
D4 16:00     see count topic=opportunities kind=step since=D0T10:45 until=D4T16:01 max=1

why: two days' peace after closing, then *one* thing, not the heap that gathered behind the hold.
