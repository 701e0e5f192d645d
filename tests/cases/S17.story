S17 "Refund after the suppression: nothing comes back" [A3 D2] part=1
world ana
load abandoned-cart review-request
D0 10:00     in  web cart.item_added cookie:ck-a cart=cart-9 item=boots-41*1@89.00
D0 10:41     in  store order.completed loyalty:L-204 order=R-77 store=leeds-2 item=boots-41*1@89.00
D0 10:41     out state journey.entered journey=review-request instance=R-77
D5 12:00     in  store order.refunded loyalty:L-204 order=R-77 store=leeds-2 item=boots-41*1@89.00 reason=wrong_size
D5 12:00     out suppressions.email suppress journey=review-request instance=R-77 steps=ask-review because=returned
D5 12:00     out opportunities withdraw offer=care-kit because=returned
D5 12:00     out opportunities offer kind=instead offer=size-help
D14 12:00    not suppressions.email release journey=abandoned-cart
D14 12:00    not opportunities offer kind=step step=ask-review

why: *reversal moves on; only retraction takes back* (S18). She had the boots and brought them back; the reminder of last week is more stale than before, not less.
