"""The parts of a customer's state, one file each: which facts a part keeps, and how it folds them.

Every part module has FACTS (fact types), `key(fact)` (the business key that unites repeats) and
`kept_data(fact)` (what is worth keeping); most have a `fold`.
"""
