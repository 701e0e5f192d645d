S06 "Every message about the boots, from every tool, known to a journey file or not" [A3 B7 C4 E1] part=4
world ana
load none
D0 09:00     in  email message.scheduled email:ana@example.com message=m-s1 sender=braze handle=dispatch-123 campaign=spring about=boots-41 due=D1T09:00
D0 09:05     in  push message.scheduled device:ph-a message=m-s2 sender=braze handle=dispatch-124 campaign=spring about=boots-41 due=D0T18:00
D0 09:10     in  directmail message.scheduled email:ana@example.com message=m-s3 sender=lob handle=psc_77 about=boots-41 due=D3T09:00 revocable_until=D1T12:00
D0 09:15     in  ads message.scheduled email:ana@example.com message=m-s4 sender=meta handle=aud-boots about=boots-41 standing=true
D0 09:20     in  email message.scheduled email:ana@example.com message=m-s5 sender=braze handle=dispatch-125 campaign=jackets about=jacket-3 due=D1T09:30
D0 10:00     see outbox email:ana@example.com messages=m-s1,m-s2,m-s3,m-s4,m-s5
D0 10:41     in  store order.completed loyalty:L-204 order=R-77 store=leeds-2 item=boots-41*1@89.00
D0 10:41     out suppressions.email suppress scope=message message=m-s1 handle=dispatch-123 because=about_bought_items
D0 10:41     out suppressions.push suppress scope=message message=m-s2 handle=dispatch-124 because=about_bought_items
D0 10:41     out suppressions.directmail suppress scope=message message=m-s3 handle=psc_77 revocable_until=D1T12:00 because=about_bought_items
D0 10:41     out suppressions.ads suppress scope=message message=m-s4 handle=aud-boots because=about_bought_items
D0 10:42     see outbox email:ana@example.com messages=m-s5
D0 10:42     not suppressions.email suppress message=m-s5
