"""What a member may spend while head office is away, wallet by wallet, as the programme says."""

import msgspec

from agent.loyalty.language.programme import Programme
from agent.loyalty.member import MemberFacts


def without_spending(facts: MemberFacts) -> MemberFacts:
    """Return the facts with nothing usable in any wallet."""
    wallets = {name: msgspec.structs.replace(held, usable_offline=0) for name, held in facts.wallets.items()}
    return msgspec.structs.replace(facts, wallets=wallets)


def facts_offline(facts: MemberFacts, programme: Programme) -> MemberFacts:
    """Return the facts with nothing usable in wallets that only earn offline (`offline.mode`).

    What is stored on the receipt says so too: head office evaluates with the same facts.
    """
    words = programme.text.wallet
    closed = [name for name in facts.wallets if name in words and words[name].offline.mode == "earn_only"]
    if not closed:
        return facts
    wallets = dict(facts.wallets)
    for name in closed:
        wallets[name] = msgspec.structs.replace(wallets[name], usable_offline=0)
    return msgspec.structs.replace(facts, wallets=wallets)
