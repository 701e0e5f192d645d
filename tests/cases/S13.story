S13 "The till calls the boots by another code" [B2 E6 E12] part=4
world ana
D0 09:00     in  backoffice product.described sku=boots-41 gtin=4006381333931 category=boots
D0 10:00     in  web cart.item_added cookie:ck-a cart=cart-9 item=boots-41*1@89.00
D0 10:41     in  store order.completed loyalty:L-204 order=R-77 store=leeds-2 item=gtin:4006381333931*1@89.00
D0 10:41     out suppressions.email suppress journey=abandoned-cart instance=cart-9 because=bought_these_items
