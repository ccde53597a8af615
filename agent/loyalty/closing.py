"""The end of a period at head office: the best of a ranking get what the programme promised for the event."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from agent.loyalty.basket import Basket
from agent.loyalty.compile import Compiled
from agent.loyalty.evaluate import evaluate
from agent.loyalty.member import CountFacts, MemberFacts
from agent.loyalty.quote import Quote


class Standing(NamedTuple):
    """A member's place in a period: the facts, and the score that is ranked (points, visits, likes)."""

    facts: MemberFacts
    score: int


class Award(NamedTuple):
    """An act that head office books for a winner."""

    member: str
    basket: Basket
    quote: Quote


def close_period(compiled: Compiled, act: Basket, ranking: Sequence[Standing], at: datetime) -> list[Award]:
    """Return the awards of an event, best score first; equal scores go by member.

    `act` is the event as a basket without lines; each award's receipt id is its own, with the place added.
    How many win is each rule's `max_total`; a rule without one gives to everybody in the ranking.
    """
    left = {
        f"total:{name}": CountFacts(rule.max_total)
        for name, rule in compiled.programme.text.rule.items()
        if rule.max_total is not None
    }
    awards = []
    places = sorted(ranking, key=lambda one: (-one.score, one.facts.member))
    for place, standing in enumerate(places, 1):
        facts = msgspec.structs.replace(standing.facts, counts={**standing.facts.counts, **left})
        basket = msgspec.structs.replace(act, receipt_id=f"{act.receipt_id}-{place}")
        quote = evaluate(compiled, facts, basket, at)
        for used in quote.counts:
            total = f"total:{used.rule}"
            if total in left:
                left[total] = CountFacts(left[total].position - used.rewards)
        if quote.gives:
            awards.append(Award(facts.member, basket, quote))
    return awards
