"""The one sentence of a screen: what just happened, for whom, and how it sounds."""

from typing import Any

from agent.screen.present import Present
from agent.screen.view import Tone
from agent.till.words import LANGUAGES, SENTENCES

Said = tuple[Tone, str]


def later(phrase: str) -> str:
    """Mark a phrase for the catalogues; it is translated where it is said."""
    return phrase


REFUSED: dict[str, Said] = {
    "card.refused": ("bad", SENTENCES["unreadable"][0]),
    "card.refused/payment_card": ("bad", SENTENCES["payment_card_refused"][0]),
    "card.refused/incomplete": ("bad", later("Only a part was read: once more, please")),
    "card.refused/expired": ("bad", later("This code is over: show a fresh one")),
    "card.refused/replayed": ("bad", later("This code was used before: show a fresh one")),
    "card.refused/untrusted": ("bad", later("This code was not made by us")),
    "card.refused/random_id": ("bad", later("This chip is no loyalty card: show the card's code")),
}
BOTH: dict[str, Said] = {
    **REFUSED,
    "customer.answered": ("attention", later("Pay with {points}")),
    "customer.answered/none": ("attention", later("No points to be spent")),
    "quote.updated": ("plain", later("To pay: {amount}")),
    "receipt.held": ("good", later("Points are set aside while the customer pays")),
    "receipt.claimed": ("good", later("Receipt {receipt} belongs to the card now")),
    "receipt.voided": ("good", later("Receipt {receipt} is cancelled, points are as before")),
    "receipt.returned": ("good", later("Goods of receipt {receipt} came back")),
}
CASHIER: dict[str, Said] = {
    **BOTH,
    "": ("plain", later("Ready for a card")),
    "card.read": ("plain", later("Card {card} read, one moment")),
    "member.identified": ("good", later("Card known")),
    "member.identified/confirm": ("attention", later("Found by number: ask whose it is")),
    "member.enrolled": ("good", later("Enrolled: points count from this sale on")),
    "card.unknown": ("attention", later("Unknown card: the sale goes on, or enrol the customer")),
    "card.blocked": ("bad", later("This card is blocked: go on without points")),
    "card.late": ("attention", later("Card read while paying: it can be attached afterwards")),
    "device.down": ("bad", later("Reader {device} is gone")),
    "device.up": ("plain", later("Reader {device} is ready")),
    "mode.changed": ("attention", later("Points are limited at this till")),
    "mode.changed/online": ("plain", later("Head office is back")),
    "mode.changed/offline": ("attention", later("Head office is away: the till goes on")),
    "alarm": ("attention", later("Receipt {receipt}: tell the shift leader ({code})")),
    "receipt.committed": ("good", later("Paid and booked")),
    "alarm/parked": ("attention", later("Paid. Head office will settle the points of this receipt")),
    "receipt.parked": ("attention", later("Sale {receipt} is put aside: the next customer, please")),
}
CUSTOMER: dict[str, Said] = {
    **BOTH,
    "": ("plain", later("Welcome! Please show your card")),
    "card.read": ("plain", later("One moment, please")),
    "member.identified": ("good", later("Your card is here, thank you")),
    "member.enrolled": ("good", later("Your card is here, thank you")),
    "card.unknown": ("attention", later("We do not know this card yet")),
    "card.blocked": ("bad", later("This card cannot be used now. Please ask the staff")),
    "receipt.committed": ("good", later("Thank you for your purchase")),
    "receipt.committed/member": ("good", later("Thank you! Your points are booked")),
}
TOLD_APART_BY = {"alarm": "code", "card.refused": "reason", "mode.changed": "mode"}
"""Events of several kinds, and what tells them apart."""


def say(present: Present) -> Said:
    """Return tone and sentence of what happened last; of the till's own affairs a customer hears nothing."""
    is_cashier = present.role == "cashier"
    phrases = CASHIER if is_cashier else CUSTOMER
    kind, data = present.scene.last if is_cashier else present.scene.told
    key = f"{kind}/{_kind_of(present, kind, data)}"
    tone, phrase = phrases.get(key) or phrases.get(kind) or phrases[""]
    said = _translated(present, phrase).format(**_values(present, data))
    return tone, ", ".join([said, *_came_back(present, kind, data)])


def _kind_of(present: Present, kind: str, data: dict[str, Any]) -> str:
    """Return what tells two occurrences of an event apart."""
    if kind in TOLD_APART_BY:
        return str(data.get(TOLD_APART_BY[kind], ""))
    is_so = {
        "member.identified/confirm": bool(data.get("confirm")),
        "customer.answered/none": not data.get("values", {}).get("points"),
        "receipt.committed/member": present.stored is not None and bool(present.stored.member),
    }
    return next((key.partition("/")[2] for key, holds in is_so.items() if holds and key.startswith(kind)), "")


def _translated(present: Present, phrase: str) -> str:
    """Translate a phrase; what a POS would show for the same problem stands in the till's own words."""
    for sentences in SENTENCES.values():
        if sentences[0] == phrase:
            return sentences[LANGUAGES.index(present.words.lang)]
    return present.words.text(phrase)


def _values(present: Present, data: dict[str, Any]) -> dict[str, str]:
    chosen = data.get("values", {})
    return {
        "amount": present.price(data["due_minor"]) if "due_minor" in data else "",
        "card": str(data.get("masked", "")),
        "code": str(data.get("code", "")),
        "device": str(data.get("device", "")),
        "points": present.points(int(chosen.get("points") or 0), str(chosen.get("wallet", ""))),
        "receipt": str(data.get("receipt_id", "")),
    }


def _came_back(present: Present, kind: str, data: dict[str, Any]) -> list[str]:
    """Return what a return took back and gave back."""
    if kind != "receipt.returned":
        return []
    text = present.words.text
    back, given = sorted(data.get("earned_back", {}).items()), sorted(data.get("spent_back", {}).items())
    return [
        *(text("{points} taken back").format(points=present.points(points, name)) for name, points in back),
        *(text("{points} given back").format(points=present.points(points, name)) for name, points in given),
    ]
