S58 "Out of stock, back in stock, price changed" [D2 E4] part=4
world ana
D0 09:00     in  email message.scheduled email:ana@example.com message=m-1 sender=braze handle=d-1 about=boots-41 price=89.00 due=D0T12:00
D0 10:00     in  web cart.item_added cookie:ck-a cart=cart-9 item=boots-41*1@89.00
D0 10:30     in  backoffice product.out_of_stock sku=boots-41
D0 11:00     ask email abandoned-cart/cart-9#remind email:ana@example.com message=m-2 about=boots-41
D0 11:00     ans wait because=out_of_stock
D0 11:30     in  backoffice product.in_stock sku=boots-41
D0 11:31     ask email abandoned-cart/cart-9#remind email:ana@example.com message=m-2 about=boots-41
D0 11:31     ans allow
D0 11:40     in  backoffice product.price_changed sku=boots-41 price=79.00
D0 11:41     ask email none/none#any email:ana@example.com message=m-1 about=boots-41 price=89.00
D0 11:41     ans deny because=price_changed
