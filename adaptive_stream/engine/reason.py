"""Why something was stopped, held, released, withdrawn or never begun, each with its sentence.

Rule 1: the list is closed. A reason is the name of a condition of the rules in force, whose
sentence is its `says`, or one of SENTENCES: what the engine itself concludes.
"""

from collections.abc import Mapping

from adaptive_stream.engine.journey import Rules
from adaptive_stream.engine.word import Use

# In the order of the groups of the documentation: order, service, consent, offer, cart, time,
# journey.
SENTENCES: Mapping[str, str] = {
    "payment_failed": "her payment failed",
    "order_cancelled": "the order was cancelled",
    "returned": "she brought it back",
    "fact_retracted": "what it rested on was taken back",
    "merged": "it is said of the customer that she was found to be",
    "unmerged": "it rested on a merge that was undone",
    "case_closed": "her case was closed",
    "reconsented": "she agreed again",
    "claimed_elsewhere": "another channel has taken it",
    "bought_offer": "she has bought what it offers",
    "offer_used": "she has used this offer",
    "preference_stated": "she asked for it otherwise",
    "superseded": "a newer cart took its place",
    "incomplete": "a source of hers has not reported yet",
    "hold_lapsed": "the reason to wait is over",
    "expired": "it is no longer good",
    "journey_paused": "somebody paused the journey",
    "resumed": "the journey goes on",
    "journey_withdrawn": "the journey is none any more",
    "journey_published": "the journey is there again",
    "too_old": "it began before the journey may look back",
}


def says(use: Use) -> str:
    """The sentence of a condition, with what it is told in its place: `she owns care-kit`."""
    condition = use.condition
    if condition.takes is None or use.argument is None:
        return condition.says
    return condition.says.replace(f"{{{condition.takes}}}", use.argument)


def sentence(reason: str, rules: Rules) -> str:
    """What the reason means, as a person says it: in the words of the rules where they have any.

    A reason of rules that are no longer in force is shown by its own name.
    """
    standing = [rule.use for rule in rules.standing]
    for use in (*standing, *(use for journey in rules.journeys for use in journey.uses())):
        if use.condition.name == reason:
            return says(use)
    return SENTENCES.get(reason, reason.replace("_", " "))
