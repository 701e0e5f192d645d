S46 "A TV spot" [B11 B12] part=4
world ana(region=yorkshire) dan(region=london)
D0 10:00     in  web cart.item_added cookie:ck-a cart=cart-9 item=boots-41*1@89.00
D0 10:00     in  web cart.item_added email:dan@example.com cart=cart-d item=boots-41*1@89.00
D2 20:15     in  broadcast broadcast.aired campaign=winter region=yorkshire about=boots-41 offer=boots-25 valid_until=D7T23:59
D3 11:00     ask email abandoned-cart/cart-9#discount email:ana@example.com message=m-1 offer=cart-10 about=boots-41
D3 11:00     ans deny because=contradicts_offer with=boots-25
D3 11:00     out opportunities offer kind=instead offer=boots-25 customer=ana replaces=abandoned-cart/cart-9
D3 11:00     ask email abandoned-cart/cart-d#discount email:dan@example.com message=m-2 offer=cart-10 about=boots-41
D3 11:00     ans allow
D3 11:01     see count topic=outputs since=D2T20:15 until=D2T20:16 max=3
