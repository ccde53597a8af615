"""What types cannot say about a programme: names that must exist, one verb a rule, stages, settings."""

import re
from collections.abc import Iterator
from datetime import date
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from agent.errors import Mistake
from agent.loyalty.language.check_offline import check_offline
from agent.loyalty.language.check_points import (
    asked_once,
    member_words,
    points_rule,
    points_tables,
    wallet_of,
)
from agent.loyalty.language.check_take_off import (
    check_bundle_group,
    check_discount,
    check_take_off,
    discount_stage,
    is_bundle,
)
from agent.loyalty.language.check_words import check_name, check_scope, unknown
from agent.loyalty.language.grammar import STAGES, Stage
from agent.loyalty.language.programme import Rule, Text
from agent.loyalty.language.where import Threshold, When
from agent.loyalty.language.words import SETTINGS, STAGE_OF, VERBS, is_value
from agent.loyalty.standing.history import all_of

_HOURS = re.compile(r"^([01][0-9]|2[0-3]):[0-5][0-9]-(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$", re.ASCII)
COMPARED = ("take_off", "earn")
"""Verbs whose gain is always money, or points of one wallet."""


def mistakes(text: Text) -> list[Mistake]:
    """Return everything wrong between the words of a programme, none if it can be compiled."""
    return [
        *_head(text),
        *_wallets(text),
        *_vouchers(text),
        *_rules(text),
        *_prompts(text),
        *points_tables(text),
        *_together(text),
    ]


def verb_of(rule: Rule) -> str:
    """Return the rule's verb, empty if it has none (a mistake that `mistakes` lists)."""
    return next((verb for verb in VERBS if getattr(rule, verb) is not None), "")


def stage_of(rule: Rule) -> Stage:
    """Return the stage a rule runs in: its own word, or the one its verb fixes."""
    return rule.stage or discount_stage(rule) or STAGE_OF[verb_of(rule)]


def is_compared(rule: Rule) -> bool:
    """Return whether the rule's gain is one number of one kind, so that it can compete."""
    return verb_of(rule) in COMPARED or discount_stage(rule) is not None


def _head(text: Text) -> Iterator[Mistake]:
    try:
        ZoneInfo(text.programme.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        yield Mistake("/programme/time_zone", "unknown_zone", {}, "name an IANA zone, like Europe/Helsinki")
    yield from _period(text.programme.valid.from_, text.programme.valid.until, "/programme/valid")
    for key, value in text.settings.items():
        at = f"/settings/{key}"
        if key not in SETTINGS:
            yield unknown(at, key, SETTINGS, "setting")
        elif not is_value(key, value):
            known = ", ".join(SETTINGS[key])
            yield Mistake(at, "not_supported", {"supported": list(SETTINGS[key])}, f"supported now: {known}")


def _period(start: date | None, end: date | None, at: str) -> Iterator[Mistake]:
    if start is not None and end is not None and end <= start:
        yield Mistake(f"{at}/until", "empty_period", {}, "`until` does not count: name a day after `from`")


def _wallets(text: Text) -> Iterator[Mistake]:
    for key, wallet in text.wallet.items():
        yield from check_scope(text, wallet.burn, f"/wallet/{key}/burn")
        yield from check_offline(wallet, f"/wallet/{key}/offline")


def _vouchers(text: Text) -> Iterator[Mistake]:
    for key, word in text.voucher.items():
        at = f"/voucher/{key}"
        yield from check_scope(text, word.scope, f"{at}/scope")
        yield from check_take_off(text, word.take_off, f"{at}/take_off")
        if word.group:
            yield from check_name(word.group, text.group, f"{at}/group", "group")
        if is_bundle(word.take_off, None):
            yield from check_bundle_group(text, word.group, f"{at}/group")


def _rules(text: Text) -> Iterator[Mistake]:
    for key, rule in text.rule.items():
        at = f"/rule/{key}"
        verbs = [verb for verb in VERBS if getattr(rule, verb) is not None]
        if len(verbs) != 1:
            yield Mistake(at, "one_verb", {"verbs": verbs}, f"give it exactly one of {', '.join(VERBS)}")
            continue
        yield from _rule(text, rule, at, verbs[0])
        for when in rule.alternatives:
            yield from _when(text, when, f"{at}/when", stage_of(rule))
        yield from asked_once(rule, at)


def _prompts(text: Text) -> Iterator[Mistake]:
    for key, word in text.prompt.items():
        at = f"/prompt/{key}"
        yield from check_scope(text, word.scope, f"{at}/scope")
        yield from _when(text, word.when, f"{at}/when", "prompt")
        if any(one.nth is not None for one in all_of(word.when)):
            yield Mistake(f"{at}/when/nth", "not_supported", {}, "only rules count receipts")


def _rule(text: Text, rule: Rule, at: str, verb: str) -> Iterator[Mistake]:
    yield from check_scope(text, rule.scope, f"{at}/scope")
    if rule.group:
        yield from check_name(rule.group, text.group, f"{at}/group", "group")
    for key in ("group", "exclusive"):
        if getattr(rule, key) and not is_compared(rule):
            yield Mistake(f"{at}/{key}", "not_supported", {}, "only rules that earn or take off compete")
    if discount_stage(rule) is not None:
        yield from check_discount(text, rule, at)
    else:
        yield from _of_points(rule, at, verb)
    yield from points_rule(text, rule, at, verb)


def _of_points(rule: Rule, at: str, verb: str) -> Iterator[Mistake]:
    if rule.stage is not None and rule.stage != STAGE_OF[verb]:
        remedy = f"it runs in {STAGE_OF[verb]}"
        yield Mistake(f"{at}/stage", "not_its_stage", {"stages": [STAGE_OF[verb]]}, remedy)
    if rule.max_applications is not None:
        yield Mistake(f"{at}/max_applications", "not_repeated", {}, "only bundles and free goods have it")
    if rule.count is not None and rule.give is None:
        yield Mistake(f"{at}/count", "not_supported", {}, "a count needs a give or a take_off beside it")


def _together(text: Text) -> Iterator[Mistake]:
    """Refuse to compare what cannot be: rules of one group, or exclusive ones, of two stages or wallets."""
    kinds: dict[str, tuple[str, str]] = {}
    for key, rule in sorted(text.rule.items()):
        if not is_compared(rule):
            continue
        kind = (stage_of(rule), wallet_of(text, rule.earn.wallet) if rule.earn else "")
        if kinds.setdefault(rule.group, kind) != kind and rule.group:
            yield _apart(f"/rule/{key}/group")
        if rule.exclusive and kinds.setdefault(f" exclusive {kind[0]}", kind) != kind:
            yield _apart(f"/rule/{key}/exclusive")
    for key, word in sorted(text.voucher.items()):
        if word.group and kinds.setdefault(word.group, ("receipt", "")) != ("receipt", ""):
            yield _apart(f"/voucher/{key}/group")


def _apart(at: str) -> Mistake:
    return Mistake(at, "not_comparable", {}, "let what competes run in one stage and earn in one wallet")


def _when(text: Text, when: When, at: str, stage: str) -> Iterator[Mistake]:
    yield from _period(when.from_, when.until, at)
    for span in [when.hours] if isinstance(when.hours, str) else when.hours:
        if not _HOURS.match(span):
            yield Mistake(f"{at}/hours", "invalid", {"hours": span}, 'write "09:00-17:30"; 24:00 ends a day')
    if isinstance(when.has, list):
        for index, one in enumerate(when.has):
            yield from check_scope(text, one, f"{at}/has/{index}")
    else:
        yield from check_scope(text, when.has, f"{at}/has")
    yield from _places(text, when, at)
    yield from member_words(text, when, at)
    for key in [when.voucher] if isinstance(when.voucher, str) else when.voucher:
        yield from check_name(key, text.voucher, f"{at}/voucher", "voucher")
    for word in ("amount", "quantity"):
        threshold: Threshold | None = getattr(when, word)
        if threshold is None:
            continue
        yield from check_scope(text, threshold.of, f"{at}/{word}/of")
        if threshold.at is not None and STAGES.index(threshold.at) >= STAGES.index(stage):
            yield Mistake(f"{at}/{word}/at", "not_earlier", {"stage": stage}, f"name a stage before {stage}")
    if when.not_ is not None:
        yield from _when(text, when.not_, f"{at}/not", stage)


def _places(text: Text, when: When, at: str) -> Iterator[Mistake]:
    for word, table in (("partner", text.partner), ("shop_tag", text.shop_tag)):
        named: str | list[str] = getattr(when, word)
        for key in [named] if isinstance(named, str) and named else named:
            yield from check_name(key, table, f"{at}/{word}", word)
