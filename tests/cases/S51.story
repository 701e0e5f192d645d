S51 "The third time she has to ask about one order" [E1 E3 E5] part=4
world ana
D0 09:00     in  web chat.ended cookie:ck-a topic=order:R-60 solved=false
D0 14:00     in  callcentre call.ended phone:+447700900123 topic=order:R-60 solved=false
D1 08:30     in  social message.received email:ana@example.com topic=order:R-60
D1 08:30     out state service.effort_high topic=order:R-60 touches=3
D1 08:30     out suppressions.email hold scope=purpose purpose=marketing because=effort_high
D1 08:30     out opportunities offer kind=next offer=call-back channels=callcentre purpose=service
D1 08:31     see GET/v1/customers/phone:+447700900123 view=callcentre open_topic=order:R-60 touches=web,callcentre,social
