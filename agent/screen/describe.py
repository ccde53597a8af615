"""A screen in words: banners, card and basket; `saying.py` has the sentence, `offers.py` the buttons."""

from datetime import datetime

from agent.loyalty.explain import LANGUAGES, sentence
from agent.loyalty.quote import Quote, QuoteWallet
from agent.screen.offers import actions_of, hints_of
from agent.screen.present import Present
from agent.screen.saying import say
from agent.screen.view import Banner, Basket, Card, Row, View

AWAY = frozenset({"closed", "opened", "gone"})
"""States of a reader (UnifiedPOS words) in which it reads nothing."""
HOUR, DAY = 60, 24 * 60
"""In minutes."""


def describe(present: Present) -> View:
    """Return the whole screen."""
    text = present.words.text
    tone, said = say(present)
    is_cashier = present.role == "cashier"
    return View(
        lang=present.words.lang,
        title=text("Loyalty at the till") if is_cashier else text("Your loyalty card"),
        place=text("Till {till}").format(till=present.settings.till),
        moment=str(present.scene.moment),
        tone=tone,
        said=said,
        labels=_labels(present),
        training=present.hello["mode"] == "training",
        banners=_banners(present),
        card=_card(present),
        basket=_basket(present),
        hints=hints_of(present),
        actions=actions_of(present),
    )


def _labels(present: Present) -> dict[str, str]:
    """Return the words that the page itself needs, before and between answers."""
    text = present.words.text
    lost = text("The loyalty service does not answer. Sell on without points.")
    if present.role == "customer":
        lost = text("One moment, please")
    return {
        "lost": lost,
        "cancel": text("Cancel"),
        "erase": text("Erase"),
        "hints": text("Say now"),
        "language": text("Language"),
        "languages": " ".join(LANGUAGES),
    }


def _banners(present: Present) -> list[Banner]:
    text, hello = present.words.text, present.hello
    banners = []
    if hello["mode"] == "training":
        banners.append(Banner("attention", text("Training"), text("Nothing is booked")))
    if present.role == "customer":
        return banners
    match hello["mode"]:
        case "offline":
            banners.append(Banner("attention", _away(present), text(
                "Cards, discounts, points and receipts work. "
                "Points can be spent only as far as they were set aside for this till."
            )))  # fmt: skip
        case "degraded":
            banners.append(Banner("attention", text("Points can be earned, not spent"), text(
                "Sell on, and tell store IT."
            )))  # fmt: skip
        case "read_only":
            banners.append(Banner("bad", text("Points cannot be booked"), text(
                "Sell on without points, and call for help."
            )))  # fmt: skip
    gone = [one["device"] for one in present.devices if one["state"] in AWAY]
    banners += [
        Banner(
            "bad",
            text("Reader {device} does not answer").format(device=name),
            text("Plug it in again. Until then type the number."),
        )
        for name in gone
    ]
    return banners


def _away(present: Present) -> str:
    text = present.words.text
    if present.contact is None:
        return text("Head office has not been reached yet")
    since = text("Head office is away since {time}").format(time=_moment(present, present.contact))
    return f"{since} ({_age(present, present.contact)})"


def _age(present: Present, since: datetime) -> str:
    """Say how old what the till knows is, in the largest unit that fits."""
    count = present.words.count
    minutes = int((present.now - since).total_seconds()) // 60
    if minutes < HOUR:
        return count("{number} minute", "{number} minutes", minutes).format(number=minutes)
    if minutes < DAY:
        hours = minutes // HOUR
        return count("{number} hour", "{number} hours", hours).format(number=hours)
    days = minutes // DAY
    return count("{number} day", "{number} days", days).format(number=days)


def _moment(present: Present, at: datetime) -> str:
    return present.words.moment(at.astimezone(present.now.tzinfo), present.now)


def _card(present: Present) -> Card | None:
    """Return whose card lies here; a name stands only where the event brought one."""
    card, text = present.card, present.words.text
    if not card:
        return None
    match card.get("result"):
        case "identified":
            title = _greeting(present, card.get("greeting", ""))
        case "blocked":
            title = text("Blocked card")
        case _:
            title = text("Unknown card")
    as_of = ""
    at = (present.facts.as_of if present.facts else None) or present.contact
    if at is not None and present.member:
        as_of = text("as of {time}").format(time=_moment(present, at))
    if card.get("provisional"):
        as_of = text("provisional: head office will confirm")
    return Card(title, card.get("masked", ""), _tier(present), _balances(present), as_of)


def _greeting(present: Present, name: str) -> str:
    text = present.words.text
    if present.role == "cashier":
        return name or text("Card")
    return text("Welcome, {name}").format(name=name) if name else text("Welcome")


def _tier(present: Present) -> str:
    if present.facts is None or not present.facts.tier or present.programme is None:
        return ""
    return present.programme.tier_title(present.facts.tier, present.words.lang)


def _balances(present: Present) -> list[Row]:
    """Return each wallet's balance: as quoted with this card, else as the till knows it."""
    if present.agreed is not None and present.shows_card:
        told = present.agreed.told.wallets
        pairs = [(one.wallet, one.balance) for one in told if isinstance(one.balance, int)]
    elif present.facts is not None:
        wallets = sorted(present.facts.wallets.items())
        pairs = [(name, sum(lot.amount for lot in one.lots)) for name, one in wallets]
    else:
        pairs = []
    return [
        Row(_wallet(present, name), present.points(balance, name))
        for name, balance in pairs
        if present.shows_balance(name)
    ]


def _wallet(present: Present, name: str) -> str:
    word = present.programme.text.wallet.get(name) if present.programme else None
    names = word.name if word is not None else None
    return (getattr(names, present.words.lang, "") or names.en if names else "") or name


def _basket(present: Present) -> Basket | None:
    """Return the receipt: what it gives by rule while it is quoted, what became of it afterwards."""
    text = present.words.text
    if not present.scene.receipt:
        return None
    title = text("Receipt {receipt}").format(receipt=present.scene.receipt)
    if present.stored is not None:
        answer = present.stored.answer
        wallets = [QuoteWallet(**one) for one in answer.get("wallets", [])]
        due = answer.get("due_minor")
        if due is None and not wallets:
            return None  # cancelled before it was paid: nothing of it is left to show
        return Basket(title, "" if due is None else present.price(due), _rows(present, wallets))
    if present.agreed is None:
        return Basket(title)
    quote = present.agreed.told
    return Basket(
        title, present.price(quote.due_minor), _rows(present, quote.wallets), _gives(present, quote)
    )


def _rows(present: Present, wallets: list[QuoteWallet]) -> list[Row]:
    text = present.words.text
    rows = []
    for one in wallets:
        if one.redeem:
            rows.append(Row(text("Spent"), present.points(one.redeem, one.wallet)))
        if one.earn:
            note = text("after confirmation") if one.provisional else ""
            rows.append(Row(text("Earned"), present.points(one.earn, one.wallet), note))
        if (one.redeem or one.earn) and isinstance(one.balance, int):
            after = one.balance - one.redeem + one.earn
            rows.append(Row(text("Balance afterwards"), present.points(after, one.wallet)))
    return rows


def _gives(present: Present, quote: Quote) -> list[str]:
    """Return what each rule gives, in words."""
    if present.programme is None:
        return []
    applied = [one for one in quote.reasons if one.code == "applied"]
    return [sentence(one, present.programme, present.words.lang) for one in applied]
