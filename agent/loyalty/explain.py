"""Reasons and prompts as sentences in English, Russian and Finnish, made from code and values when asked."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from agent.loyalty.afterwards.enrol import ENROL
from agent.loyalty.language.programme import Programme
from agent.loyalty.quote import Prompt, Reason
from agent.loyalty.texts.phrases import MISSING, MONTHS, PHRASES, UNITS
from agent.loyalty.texts.phrases_points import WINDOWS

LANGUAGES = ("en", "ru", "fi")


def sentence(reason: Reason, programme: Programme, lang: str) -> str:
    """Return why a rule did or did not apply, in `lang` (an unknown language reads English)."""
    lang = lang if lang in LANGUAGES else "en"
    title = PHRASES[lang]["enrol"] if reason.rule == ENROL else programme.title(reason.rule, lang)
    if reason.code == "missing":
        what = str(reason.values.get("what", ""))
        phrase = MISSING[lang].get(what, MISSING[lang]["condition"])
        words = {
            **_words(reason.values, programme, lang),
            "count": _count(what, reason.values, programme, lang, of=what in _LACKED),
        }
        return f"{title}: {phrase.format(**words)}"
    key = reason.code
    if key == "applied":
        key = _applied(reason.values)
        if key == "applied_paid" and _is_value(programme, reason.values):
            key = "applied_value"
    if key == "lost_to" and "saves_minor" in reason.values:
        key = "lost_to_money"
    if key == "nothing_in_scope" and "currency" in reason.values:
        key = "other_currency"
    phrase = PHRASES[lang].get(key, "{code}")
    return f"{title}: {phrase.format(code=reason.code, **_words(reason.values, programme, lang))}"


def prompt_sentence(prompt: Prompt, programme: Programme, lang: str) -> str:
    """Return what the cashier might say, in `lang`."""
    lang = lang if lang in LANGUAGES else "en"
    words = _words(prompt.values, programme, lang)
    words["title"] = programme.title(str(prompt.values.get("rule", "")), lang)
    if "prompt" in prompt.values:
        said = programme.text.prompt[str(prompt.values["prompt"])].say
        words["title"] = getattr(said, lang) or said.en
    words["gain"] = f"+{words['points']}" if words["points"] else words["off"]
    words["tier"] = programme.tier_title(str(prompt.values.get("tier", "")), lang)
    words["window"] = WINDOWS[lang].get(str(prompt.values.get("window", "")), "")
    words["count"] = _count(_counted(prompt.values), prompt.values, programme, lang)
    return PHRASES[lang][f"prompt_{prompt.code}"].format(**words)


def plural(number: int, lang: str, forms: tuple[str, str, str], *, of: bool = False) -> str:
    """Return the form for a number: (one, few, many); English and Finnish use the first and the last.

    `of` asks for what Russian says of so many (the genitive): "few" of one, "many" of all others.

    >>> [plural(n, "ru", ("балл", "балла", "баллов")) for n in (1, 3, 5, 11, 21)]
    ['балл', 'балла', 'баллов', 'баллов', 'балл']
    >>> [plural(n, "ru", ("балл", "балла", "баллов"), of=True) for n in (1, 3, 5, 11, 21)]
    ['балла', 'баллов', 'баллов', 'баллов', 'балла']
    """
    if lang != "ru":
        return forms[0] if number == 1 else forms[2]
    tail, tens = number % 10, number % 100
    if tail == 1 and tens != 11:  # noqa: PLR2004 - Russian grammar
        return forms[1] if of else forms[0]
    if of:
        return forms[2]
    return forms[1] if 2 <= tail <= 4 and not 12 <= tens <= 14 else forms[2]  # noqa: PLR2004 - the same


def money(minor: int, lang: str, *, digits: int = 2) -> str:
    """Return an amount the way the language writes it, with a true minus sign.

    >>> money(123456, "en"), money(12345, "fi")
    ('1,234.56', '123,45')
    """
    sign = "\N{MINUS SIGN}" if minor < 0 else ""
    text = f"{abs(minor) // 10**digits:,}"
    if lang != "en":
        text = text.replace(",", "\N{NO-BREAK SPACE}")
    if digits:
        text += ("." if lang == "en" else ",") + f"{abs(minor) % 10**digits:0{digits}d}"
    return sign + text


def day_in_words(day: date, lang: str) -> str:
    """Return a day of the year the way the language writes it.

    >>> [day_in_words(date(2026, 3, 16), lang) for lang in LANGUAGES]
    ['16 March', '16 марта', '16.3.']
    """
    return f"{day.day}.{day.month}." if lang == "fi" else f"{day.day} {MONTHS[lang][day.month - 1]}"


def _applied(values: Mapping[str, Any]) -> str:
    if values.get("kind") in {"benefit", "lottery"}:  # the rule's own name tells what it is
        return "applied_full" if "position" in values else "applied_given"
    if "position" in values:
        return "applied_reward" if "amount" in values else "applied_count"
    if "into" in values:
        return "applied_into_money" if values["amount_minor"] else "applied_into"
    if "points" in values:
        return "applied_paid" if "amount_minor" in values else "applied_earn"
    return "applied_off" if "amount_minor" in values else "applied_give"


def _is_value(programme: Programme, values: Mapping[str, Any]) -> bool:
    words = programme.text.wallet.get(str(values.get("wallet", "")))
    return words is not None and words.kind == "stored_value"


def _words(values: Mapping[str, Any], programme: Programme, lang: str) -> dict[str, Any]:
    """Return a sentence's words: every key any phrase names, empty where a reason lacks it."""
    head = programme.text.programme
    words: dict[str, Any] = dict.fromkeys(
        ("wallet", "by", "saves", "amount", "points", "day", "missing", "name", "units", "off", "money"), ""
    )
    words |= {key: value for key, value in values.items() if isinstance(value, str | int)}
    if "amount_minor" in values:
        words["money"] = money(int(values["amount_minor"]), lang, digits=head.minor_digits)
        words["off"] = money(-int(values["amount_minor"]), lang, digits=head.minor_digits)
    if "saves_minor" in values:
        words["saves"] = money(int(values["saves_minor"]), lang, digits=head.minor_digits)
    if "day" in values:
        words["day"] = day_in_words(date.fromisoformat(str(values["day"])), lang)
    if "by" in values:
        words["by"] = programme.title(str(values["by"]), lang)
    if "points" in values:
        points, wallet = int(values["points"]), str(values.get("wallet", ""))
        words["points"] = points_in_words(points, wallet, programme, lang)
        words["lacking"] = points_in_words(points, wallet, programme, lang, of=True)
    if "missing" in values:
        missing, wallet = int(values["missing"]), str(values.get("counts", ""))
        words["missing"] = (
            points_in_words(missing, wallet, programme, lang) if wallet else _numbered(missing, "stamp", lang)
        )
    return words | _gift(values, programme, lang)


def _gift(values: Mapping[str, Any], programme: Programme, lang: str) -> dict[str, str]:
    """Return what a gift is called: its voucher's name, its points, its money."""
    name = str(values.get("name", ""))
    match values.get("kind"):
        case "voucher":
            return {"name": programme.title(f"voucher.{name}", lang)}
        case "lot":
            return {"name": points_in_words(int(values["amount"]), name, programme, lang)}
        case "stored_value":
            digits = programme.text.programme.minor_digits
            return {"name": money(int(values["amount"]), lang, digits=digits)}
        case _:
            return {}


def points_in_words(number: int, wallet: str, programme: Programme, lang: str, *, of: bool = False) -> str:
    """Return so many of a wallet's points in words: its own name for them, money where it holds money.

    `of`: as a sentence says that so many are missing.
    """
    words = programme.text.wallet.get(wallet)
    digits = words.scale if words else 0
    shown = money(number, lang, digits=digits)
    if words is not None and _is_value(programme, {"wallet": wallet}):
        return money(number, lang, digits=programme.text.programme.minor_digits)
    own = list(getattr(words.forms, lang)) if words is not None else []
    forms = (own[0], own[-2], own[-1]) if own else UNITS[lang]["points"]
    if digits:
        return f"{shown} {forms[1] if lang == 'ru' else forms[2]}"  # a fraction: of one
    return f"{shown} {plural(number, lang, forms, of=of)}"


def _numbered(number: int, unit: str, lang: str, *, of: bool = False) -> str:
    return f"{money(number, lang, digits=0)} {plural(number, lang, UNITS[lang][unit], of=of)}"


def _counted(values: Mapping[str, Any]) -> str:
    """Return what is counted of a prompt: money, points, visits, else goods, if anything."""
    named = {"amount_minor": "amount", "points": "points", "visits": "visits", "quantity": "quantity"}
    return next((what for key, what in named.items() if key in values), "")


def _count(what: str, values: Mapping[str, Any], programme: Programme, lang: str, *, of: bool = False) -> str:
    if what == "amount":
        return money(int(values["amount_minor"]), lang, digits=programme.text.programme.minor_digits)
    if what in {"points", "request"}:
        wallet = str(values.get("wallet", ""))
        return points_in_words(int(values["points"]), wallet, programme, lang, of=of)
    if what not in _COUNTED:
        return ""
    key, unit = _COUNTED[what]
    return _numbered(int(values[key]), unit, lang, of=of)


_LACKED = frozenset({"points", "quantity", "age"})
"""What its sentence says that so much of it is missing, or asked for."""
_COUNTED = {
    "visits": ("visits", "visits"),
    "quantity": ("quantity", "units"),
    "free_item": ("quantity", "units"),
    "days": ("days", "days"),
    "age": ("age", "years"),
}
"""What is missing, the value that counts it, and its unit."""
