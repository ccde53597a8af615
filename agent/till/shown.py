"""What the customer showed, as rules may ask for it: which kind of instrument, and whether it was there."""

import msgspec

from agent.loyalty.member import MemberFacts
from agent.till.tokens import Identification

CARD, PHONE, APP, PLASTIC = "card", "phone", "app", "plastic"
TYPED = frozenset({"Keyed", "Manual", "File"})
"""Entry modes (nexo) in which nobody saw the card."""
MOBILE = "Mobile"


def is_bare(known: Identification | None) -> bool:
    """Say whether all there was of a customer is a phone number, which anybody may know."""
    return known is not None and known.kind == PHONE


def is_shown(known: Identification) -> bool:
    """Say whether there was a card: what was only typed in, or a phone number, is none."""
    return known.kind != PHONE and known.entry_mode not in TYPED


def as_shown(facts: MemberFacts, known: Identification) -> MemberFacts:
    """Return the facts with the instrument used: plastic, app, or a number kind of the shop's own."""
    was_there = is_shown(known)
    if known.kind != CARD:
        instrument = known.kind
    elif known.entry_mode == MOBILE:
        instrument = APP
    else:
        instrument = PLASTIC if was_there else ""
    return msgspec.structs.replace(facts, card_shown=was_there, instrument=instrument)
