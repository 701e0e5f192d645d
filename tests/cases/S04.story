S04 "Renewing in the app: no 20 % mail" [A2 E7 E8] part=1
world ana; contract K-5
load renewal-discount
D0 09:00     in  backoffice contract.renewal_due email:ana@example.com contract=K-5 ends=D14T00:00
D0 09:00     out state journey.entered journey=renewal-discount instance=K-5
D1 18:00     in  app renewal.viewed device:ph-a contract=K-5
D1 18:01     not suppressions.email hold
D1 18:04     in  app renewal.started device:ph-a contract=K-5
D1 18:04     out state contract.renewing contract=K-5
D1 18:04     out suppressions.email hold journey=renewal-discount instance=K-5 steps=offer-20 because=renewing until=D6T18:04
D2 09:00     ask email renewal-discount/K-5#offer-20 email:ana@example.com message=m-1
D2 09:00     ans wait because=renewing until=D6T18:04
D3 20:00     in  app contract.renewed device:ph-a contract=K-5
D3 20:00     out suppressions.email suppress journey=renewal-discount instance=K-5 steps=offer-20 because=renewed
D3 20:00     out opportunities offer kind=instead offer=renewal-thanks
D14 12:00    not opportunities offer kind=step step=offer-20
