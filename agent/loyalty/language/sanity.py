"""Sanity caps at publishing: a rate that gives too much is a slip of the pen, until somebody insists."""

from collections.abc import Iterator
from fractions import Fraction
from math import prod

import msgspec

from agent.errors import Mistake
from agent.loyalty.language.check_points import wallet_of
from agent.loyalty.language.grammar import Decimal
from agent.loyalty.language.programme import Rule, Text
from agent.loyalty.language.verbs import TakeOff
from agent.loyalty.language.where import Scope, When
from agent.loyalty.language.within import scope_of
from agent.loyalty.numbers import exact


class Caps(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one rule may give away at most: percent of a whole basket, and money in a gift or a sum off."""

    max_percent_off: Decimal = "50"
    max_percent_back: Decimal = "50"
    max_gift: Decimal = "10000.00"


def too_generous(text: Text, caps: Caps) -> list[Mistake]:
    """Return every rule of a checked programme that gives more than the caps allow.

    Discounts count where they fall on all goods; those of a scope, of so many units or with a `max` are
    bounded already, and a draw divides by its odds; a set price for anything may take all of it.  Points
    count at their value, with every factor that can meet; percentages that fall on everything whoever buys
    count together.
    """
    found = [*_discounts(text, caps), *_earnings(text, caps), *_gifts(text, caps)]
    return found or [*_together(text, caps)]


def _discounts(text: Text, caps: Caps) -> Iterator[Mistake]:
    words: list[tuple[str, TakeOff, str | Scope, int]] = [
        (f"/rule/{key}", rule.take_off, rule.scope, _odds(rule))
        for key, rule in sorted(text.rule.items())
        if rule.take_off is not None
    ]
    words += [(f"/voucher/{key}", one.take_off, one.scope, 1) for key, one in sorted(text.voucher.items())]
    for at, word, scope, odds in words:
        percent = "100" if word.set_price is not None else word.percent
        if (
            percent is not None
            and _is_unbounded(text, word, scope)
            and exact(percent) / odds > exact(caps.max_percent_off)
        ):
            values = {"percent": percent, "max_percent_off": caps.max_percent_off}
            remedy = "give it a scope, a max or units, or raise publish.max_percent_off"
            key = "percent" if word.set_price is None else "set_price"
            yield Mistake(f"{at}/take_off/{key}", "too_generous", values, remedy)
        for key, sum_off in (("amount", word.amount), ("per_unit", word.per_unit)):
            if sum_off is not None and word.max is None and exact(sum_off) > exact(caps.max_gift):
                values = {"worth": sum_off, "max_gift": caps.max_gift}
                remedy = "take less off, give it a max, or raise publish.max_gift"
                yield Mistake(f"{at}/take_off/{key}", "too_generous", values, remedy)


def _is_unbounded(text: Text, word: TakeOff, scope: str | Scope) -> bool:
    is_picked = word.units is not None or bool(word.each)
    return word.max is None and not is_picked and scope_of(text, scope) == Scope()


def _together(text: Text, caps: Caps) -> Iterator[Mistake]:
    """Find percentages that are bearable each and too much where all of them meet: on every receipt."""
    everywhere = [
        (key, exact(rule.take_off.percent))
        for key, rule in sorted(text.rule.items())
        if rule.take_off is not None
        and rule.take_off.percent is not None
        and _is_unbounded(text, rule.take_off, rule.scope)
        and rule.alternatives == [When()]
        and not (rule.group or rule.exclusive)
    ]
    off = 100 - 100 * prod((1 - percent / 100 for _, percent in everywhere), start=Fraction(1))
    if off > exact(caps.max_percent_off):
        *others, (last, _) = everywhere
        values = {
            "percent": str(int(off)),
            "max_percent_off": caps.max_percent_off,
            "with": [key for key, _ in others],
        }
        remedy = "put them into one group of mode best, or raise publish.max_percent_off"
        yield Mistake(f"/rule/{last}/take_off/percent", "too_generous", values, remedy)


def _odds(rule: Rule) -> int:
    """Return in how many receipts at least a rule speaks once."""
    return min(when.draw.one_in if when.draw is not None else 1 for when in rule.alternatives)


def _earnings(text: Text, caps: Caps) -> Iterator[Mistake]:
    for key, rule in sorted(text.rule.items()):
        word = rule.earn
        if word is None or word.per != "money" or word.max is not None:
            continue
        wallet = wallet_of(text, word.wallet)
        back = (
            exact(word.points)
            * _value(text, wallet)
            / exact(word.every)
            * _factor(text, wallet)
            / _odds(rule)
        )
        if 100 * back > exact(caps.max_percent_back):
            values = {"percent": str(int(100 * back)), "max_percent_back": caps.max_percent_back}
            remedy = "lower points, the wallet's value or the factor, or raise publish.max_percent_back"
            yield Mistake(f"/rule/{key}/earn/points", "too_generous", values, remedy)


def _factor(text: Text, wallet: str) -> Fraction:
    """Return what a wallet's points are multiplied by where all factors meet."""
    words = [rule.multiply for rule in text.rule.values() if rule.multiply is not None]
    factors = [(one.mode, exact(one.by)) for one in words if wallet_of(text, one.wallet) == wallet]
    best = max([Fraction(1), *(by for mode, by in factors if mode == "best")])
    added = 1 + sum(max(Fraction(0), by - 1) for mode, by in factors if mode == "sum")
    return best * added * prod(max(Fraction(1), by) for mode, by in factors if mode == "product")


def _gifts(text: Text, caps: Caps) -> Iterator[Mistake]:
    for key, rule in sorted(text.rule.items()):
        found: list[tuple[str, Fraction]] = []
        if rule.give is not None and rule.give.lot is not None:
            lot = rule.give.lot
            worth = exact(str(lot.points)) * _value(text, wallet_of(text, lot.wallet))
            found.append(("give/lot/points", worth))
        if rule.give is not None and rule.give.stored_value is not None and rule.give.cost is None:
            found.append(("give/stored_value", exact(rule.give.stored_value)))
        if rule.earn is not None and rule.earn.per != "money":
            found.append(
                ("earn/points", exact(rule.earn.points) * _value(text, wallet_of(text, rule.earn.wallet)))
            )
        for at, worth in found:
            if worth > exact(caps.max_gift):
                values = {"worth": str(int(worth)), "max_gift": caps.max_gift}
                remedy = "give less, or raise publish.max_gift"
                yield Mistake(f"/rule/{key}/{at}", "too_generous", values, remedy)


def _value(text: Text, wallet: str) -> Fraction:
    """Return the money that one point stands for, nothing where no value is named."""
    return exact(text.wallet[wallet].value)
