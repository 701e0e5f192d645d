"""What one fact does to one customer, pure: no clock, no network, nothing read from anywhere.

Read step.py first: it names the stages in their order.
"""
