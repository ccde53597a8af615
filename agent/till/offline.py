"""What a member may spend while head office is away, wallet by wallet, as the programme says.

The ladder (`offline.mode`): strict spends the allowances held here; limited goes beyond them under caps,
until head office was last heard too long ago; earn_only spends nothing.  What is stored on the receipt
says what was usable, and head office evaluates with the same facts.
"""

from collections.abc import Callable

import msgspec

from agent.ledger.beyond import Reserve
from agent.ledger.transaction import BeyondRule
from agent.loyalty.language.programme import Offline, Programme
from agent.loyalty.member import MemberFacts
from agent.loyalty.offline import BeyondUse, is_too_old, room_beyond

STRICT = Offline()


def without_spending(facts: MemberFacts) -> MemberFacts:
    """Return the facts with nothing usable in any wallet."""
    wallets = {name: msgspec.structs.replace(held, usable_offline=0) for name, held in facts.wallets.items()}
    return msgspec.structs.replace(facts, wallets=wallets)


def facts_offline(
    facts: MemberFacts,
    programme: Programme,
    *,
    news_age_ms: int | None,
    reserve: Callable[[str], Reserve],
) -> MemberFacts:
    """Return the facts with what each wallet may spend here; `reserve` says how the member stands in one.

    `news_age_ms` is how long ago head office was heard, None: never.
    """
    wallets = dict(facts.wallets)
    for name, held in facts.wallets.items():
        words = words_of(programme, name)
        usable = held.usable_offline or 0
        if words.mode == "earn_only" or is_too_old(words, news_age_ms):
            usable = 0
        elif words.mode == "limited":
            stands = reserve(name)
            usable += room_beyond(words, stands.used, stands.known)
        wallets[name] = msgspec.structs.replace(held, usable_offline=usable)
    return msgspec.structs.replace(facts, wallets=wallets)


def beyond_rule(programme: Programme) -> BeyondRule | None:
    """Return what one more sale may take beyond allowances, None if no wallet is limited."""
    if not any(wallet.offline.mode == "limited" for wallet in programme.text.wallet.values()):
        return None

    def room(wallet: str, used: BeyondUse, known: int) -> int:
        return room_beyond(words_of(programme, wallet), used, known)

    return room


def asks_anyway(programme: Programme, chance: Callable[[int], int]) -> bool:
    """Say by chance whether head office is asked although it seems away (`ask_share` per cent of cards).

    `chance(100)` returns 0 to 99.
    """
    shares = [
        one.offline.ask_share for one in programme.text.wallet.values() if one.offline.mode == "limited"
    ]
    return bool(shares) and chance(100) < max(shares)


def words_of(programme: Programme, wallet: str) -> Offline:
    """Return the ladder of a wallet; one that the programme does not have is strict."""
    known = programme.text.wallet.get(wallet)
    return known.offline if known is not None else STRICT
