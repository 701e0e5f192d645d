S35 "Consent withdrawn on the phone, mid-journey" [A3 B10 D3] part=5
world ana
D0 10:00     in  web cart.item_added cookie:ck-a cart=cart-9 item=boots-41*1@89.00
D0 10:50     in  callcentre consent.withdrawn phone:+447700900123 channel=email purpose=marketing proof=call-881
D0 10:50     out state consent.changed channel=email purpose=marketing
D0 10:50     out suppressions.email suppress scope=purpose purpose=marketing because=consent_withdrawn recipients=email:ana@example.com,braze:bz-1
D0 11:00     ask email abandoned-cart/cart-9#remind email:ana@example.com message=m-1
D0 11:00     ans deny because=consent_withdrawn
D0 11:01     ask email none/none#any email:ana@example.com message=m-2 class=service
D0 11:01     ans allow
D0 11:02     not suppressions.push suppress
D2 09:00     in  web consent.given email:ana@example.com channel=email purpose=marketing proof=form-12
D2 09:00     out suppressions.email release scope=purpose purpose=marketing because=reconsented
D3 11:00     out opportunities offer kind=step journey=abandoned-cart instance=cart-9 step=discount
