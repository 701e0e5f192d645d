S52 "Meet her where she is" [C1 C3 E2] part=4
world ana
load onboarding
D0 10:00     in  store customer.registered loyalty:L-204 store=leeds-2
D0 10:00     out state journey.entered journey=onboarding instance=L-204
D1 12:00     in  app app.opened device:ph-a
D2 10:00     out decisions given_up journey=onboarding step=get-the-app because=step_done
D5 10:00     out opportunities offer kind=step journey=onboarding step=first-order
D14 12:00    not opportunities offer kind=step step=get-the-app
