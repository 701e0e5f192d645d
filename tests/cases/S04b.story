S04b "She looked, did not renew: the discount may go after all" [A2] part=1
world ana; contract K-5
load renewal-discount
D0 09:00     in  backoffice contract.renewal_due email:ana@example.com contract=K-5 ends=D14T00:00
D1 18:00     in  app renewal.viewed device:ph-a contract=K-5
D1 18:04     in  app renewal.started device:ph-a contract=K-5
D1 18:04     out suppressions.email hold journey=renewal-discount instance=K-5 because=renewing until=D6T18:04
D6 18:04     out suppressions.email release journey=renewal-discount instance=K-5 because=hold_lapsed
D6 18:04     out opportunities offer kind=step journey=renewal-discount instance=K-5 step=offer-20
D6 18:05     ask email renewal-discount/K-5#offer-20 email:ana@example.com message=m-2
D6 18:05     ans allow

why: looking is intent, not a renewal. `suppress` would be wrong for ever, nothing would be wrong now: this is the case that shows the need of a third verb, `hold`.
