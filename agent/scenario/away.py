"""A till without head office, in a story: what each wallet lets a member spend, and what it let go so far."""

from datetime import date

import msgspec

from agent.loyalty.language.programme import Programme
from agent.loyalty.member import MemberFacts
from agent.loyalty.offline import DAY_MS, BeyondUse, is_too_old, room_beyond
from agent.loyalty.quote import Quote


class Away:
    """One till that holds no allowance; head office books nothing before the story ends."""

    def __init__(self, programme: Programme) -> None:
        self._words = {name: wallet.offline for name, wallet in programme.text.wallet.items()}
        self._gone: list[tuple[str, str, int]] = []

    def facts(self, facts: MemberFacts, day: date, days: int) -> MemberFacts:
        """Return the facts as a till sees them that heard head office so many days ago."""
        wallets = dict(facts.wallets)
        for name, held in facts.wallets.items():
            words, room = self._words[name], 0
            if not is_too_old(words, days * DAY_MS):
                lots = [lot for lot in held.lots if lot.expires_on is None or lot.expires_on >= day]
                known = sum(lot.amount for lot in lots if lot.active_from is None or lot.active_from <= day)
                room = room_beyond(words, self._used(facts.member, name), known)
            wallets[name] = msgspec.structs.replace(held, usable_offline=room)
        return msgspec.structs.replace(facts, wallets=wallets)

    def note(self, member: str, quote: Quote) -> None:
        """Take down what a receipt spent."""
        self._gone += [(member, one.wallet, one.redeem) for one in quote.wallets if one.redeem]

    def _used(self, member: str, wallet: str) -> BeyondUse:
        mine = [(who, points) for who, name, points in self._gone if name == wallet]
        return BeyondUse(
            len(mine),
            sum(points for _, points in mine),
            sum(points for who, points in mine if who == member),
        )
