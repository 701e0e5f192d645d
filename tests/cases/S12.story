S12 "A gift" [A1 B9 B10] part=1
world ana
load abandoned-cart review-request
D0 10:00     in  web cart.item_added cookie:ck-a cart=cart-9 item=boots-41*1@89.00
D0 10:20     in  web order.completed email:ana@example.com order=W-1 cart=cart-9 gift=true item=boots-41*1@89.00
D0 10:20     out state cart.bought cart=cart-9
D1 10:20     in  backoffice order.delivered order=W-1 email:ana@example.com
D14 12:00    not opportunities offer offer=care-kit
D14 12:00    not state journey.entered journey=review-request
D14 12:00    see customer email:ana@example.com preferences.size=none

why: the cart is settled (she paid), but she does not own, wear or review the boots. And if Ben buys boots-41 as a gift *for* Ana nothing changes for her: we do not know it.
