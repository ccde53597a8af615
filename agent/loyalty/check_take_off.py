"""What is wrong with a take_off or free goods: measures, bundles, stages that know them."""

from collections.abc import Iterator

from agent.errors import Mistake
from agent.loyalty.check_words import check_scope, check_whole
from agent.loyalty.grammar import Stage
from agent.loyalty.numbers import exact
from agent.loyalty.programme import Rule, Text
from agent.loyalty.verbs import Counting, TakeOff
from agent.loyalty.words import BUNDLE_STAGES, TAKE_OFF_STAGES

LEAST_EACH, MAX_EACH = 2, 10
"""More kinds of goods in one bundle nobody sells."""
MEASURES = ("percent", "amount", "per_unit", "set_price", "cheapest_free")


def is_bundle(word: TakeOff, count: Counting | None) -> bool:
    """Return whether a take_off needs pieces put together, not lines or pieces one by one."""
    together = word.cheapest_free is not None or bool(word.each) or count is not None
    return together or (word.set_price is not None and word.units is not None)


def discount_stage(rule: Rule) -> Stage | None:
    """Return the stage in which a rule takes money off unless it names one; None if it gives no money."""
    if rule.give is not None and rule.give.free is not None:
        return "free"
    if rule.take_off is None:
        return None
    return "bundle" if rule.take_off.set_price or is_bundle(rule.take_off, rule.count) else "line"


def check_discount(text: Text, rule: Rule, at: str) -> Iterator[Mistake]:
    """Return what is wrong with a rule that takes off or gives goods free."""
    usual = discount_stage(rule)
    allowed: tuple[Stage, ...] = ("free",)
    bundled = usual == "free"
    if rule.take_off is not None:
        bundled = is_bundle(rule.take_off, rule.count)
        allowed = BUNDLE_STAGES if bundled else TAKE_OFF_STAGES
        yield from check_take_off(text, rule.take_off, f"{at}/take_off", count=rule.count)
    if rule.stage is not None and rule.stage not in allowed:
        remedy = f"it runs in {' or '.join(allowed)}"
        yield Mistake(f"{at}/stage", "not_its_stage", {"stages": list(allowed)}, remedy)
    if rule.count is not None:
        yield from _count(rule.count, rule.take_off, f"{at}/count")
    for key in ("max_applications", "max_per_receipt"):
        if getattr(rule, key) is not None and not bundled:
            remedy = "only bundles and free goods apply several times; `max` and `units` limit the others"
            yield Mistake(f"{at}/{key}", "not_repeated", {}, remedy)
    if bundled:
        yield from check_bundle_group(text, rule.group, f"{at}/group")


def check_bundle_group(text: Text, name: str, at: str) -> Iterator[Mistake]:
    """Refuse a group that would give one line of a bundle to it and another line to a competitor."""
    group = text.group.get(name)
    if group is not None and group.per == "line" and group.mode != "all":
        remedy = 'bundles hold together: let them compete in a group per = "receipt"'
        yield Mistake(at, "not_comparable", {}, remedy)


def _count(count: Counting, word: TakeOff | None, at: str) -> Iterator[Mistake]:
    if count.of != "units" or count.in_ != "receipt" or count.guard_per_day is not None:
        remedy = 'a discount counts of = "units" in = "receipt"'
        yield Mistake(at, "not_counted", {}, remedy)
    if word is None:
        return
    if word.units is not None and word.units > count.size:
        yield Mistake(f"{at}/size", "too_few", {"units": word.units}, "count at least the units it picks")
    if word.each or word.cheapest_free is not None:
        remedy = "leave it out: `each` and `units` already say what a bundle is"
        yield Mistake(at, "two_bundles", {}, remedy)


def check_take_off(text: Text, word: TakeOff, at: str, *, count: Counting | None = None) -> Iterator[Mistake]:
    """Return what is wrong with the words of a take_off, of a rule or a voucher."""
    for key in ("amount", "max", "set_price"):
        yield from check_whole(getattr(word, key), text.programme.minor_digits, f"{at}/{key}")
    given = [key for key in MEASURES if getattr(word, key) is not None]
    if len(given) != 1:
        yield Mistake(at, "one_measure", {"given": given}, f"give exactly one of {', '.join(MEASURES)}")
    if word.percent is not None and exact(word.percent) > 100:  # noqa: PLR2004 - a whole
        yield Mistake(f"{at}/percent", "too_much", {}, "take off at most 100 percent")
    yield from _pick(word, at, count)
    if word.each:
        yield from _each(text, word, at)
    if word.cheapest_free is not None:
        size = len(word.each) or word.units or 0
        if size <= word.cheapest_free:
            remedy = "say of how many `units` (or `each` scope) they are free: more than are free"
            yield Mistake(f"{at}/cheapest_free", "free_of_what", {}, remedy)


def _pick(word: TakeOff, at: str, count: Counting | None) -> Iterator[Mistake]:
    if word.pick is None:
        return
    if word.units is None and count is None:
        yield Mistake(f"{at}/pick", "pick_of_what", {}, "say how many `units` it picks")
    elif word.pick == "nth" and (count is None or word.units is not None):
        yield Mistake(f"{at}/pick", "pick_of_what", {}, "nth needs a `count` beside it and no `units`")
    elif word.cheapest_free is not None or (word.set_price is not None and count is None):
        yield Mistake(f"{at}/pick", "not_picked", {}, "leave it out: the verb says which units it takes")


def _each(text: Text, word: TakeOff, at: str) -> Iterator[Mistake]:
    for index, scope in enumerate(word.each):
        yield from check_scope(text, scope, f"{at}/each/{index}")
    if not LEAST_EACH <= len(word.each) <= MAX_EACH:
        yield Mistake(f"{at}/each", "too_few", {}, f"name {LEAST_EACH} to {MAX_EACH} scopes, one a unit")
    for key in ("units", "pick"):
        if getattr(word, key) is not None:
            yield Mistake(f"{at}/{key}", "two_bundles", {}, "leave it out: `each` says what a bundle is")
