"""What can be done from a screen: the buttons, their keys, and the call each makes."""

from hashlib import blake2b
from typing import Any

from agent.loyalty.explain import prompt_sentence
from agent.loyalty.quote import Prompt, QuoteWallet
from agent.screen.present import Present
from agent.screen.view import Action, Field, Hint

REDEEM_KEYS = ("F2", "F3")
"""One for each wallet; a programme with more than two that pay shows the rest on its POS."""
JOIN, TAKEN, DECLINED, ATTACH = "F4", "F7", "F8", "F9"


def actions_of(present: Present) -> list[Action]:
    """Return what can be done now."""
    return [*_redeem(present), *_join(present), *_attach(present)]


def hints_of(present: Present) -> list[Hint]:
    """Return what the cashier may say; the keys belong to the first that has no answer yet."""
    programme = present.programme
    if present.role != "cashier" or programme is None or present.agreed is None or present.scene.is_over:
        return []
    hints: list[Hint] = []
    has_keys = True
    for prompt in present.agreed.told.prompts:
        said = prompt_sentence(prompt, programme, present.words.lang)
        outcome = present.scene.answered.get(_name(prompt), "")
        if outcome in {"taken", "declined"}:
            hints.append(Hint(said, outcome=_outcome(present, outcome)))
            continue
        keys = (TAKEN, DECLINED) if has_keys else ("", "")
        has_keys = False
        answers = [
            _told(present, prompt, "taken", keys[0]),
            _told(present, prompt, "declined", keys[1]),
        ]
        hints.append(Hint(said, answers, seen=None if outcome else _told(present, prompt, "shown")))
    return hints


def _outcome(present: Present, outcome: str) -> str:
    text = present.words.text
    return text("taken") if outcome == "taken" else text("declined")


def _name(prompt: Prompt) -> tuple[str, str]:
    """Return a prompt's code and what it speaks of: a rule, a tier, or the programme's own prompt."""
    named = (prompt.values.get(key) for key in ("rule", "tier", "prompt"))
    return prompt.code, next((str(one) for one in named if one), "")


def _told(present: Present, prompt: Prompt, outcome: str, key: str = "") -> Action:
    """Return the call that tells what became of a prompt."""
    text = present.words.text
    labels = {"shown": "", "taken": text("Taken"), "declined": text("Declined")}
    code, rule = _name(prompt)
    body = {"code": code, "outcome": outcome} | ({"rule": rule} if rule else {})
    return Action(key, labels[outcome], "POST", f"/v1/receipts/{present.scene.receipt}/prompts", body)


def _redeem(present: Present) -> list[Action]:
    """Return the choice of how many points pay, for each wallet that may."""
    if present.scene.stage != "quoted" or present.agreed is None:
        return []
    paying = [one for one in present.agreed.quote.wallets if one.max_redeem > 0]
    return [_pay(present, one, key) for one, key in zip(paying, REDEEM_KEYS, strict=False)]


def _pay(present: Present, wallet: QuoteWallet, key: str) -> Action:
    text = present.words.text
    scale = _scale(present, wallet.wallet)
    most = present.points(wallet.max_redeem, wallet.wallet)
    choices = [(_entered(wallet.max_redeem, scale), text("Most: {points}").format(points=most))]
    if wallet.redeem:
        choices.append(("0", text("No points")))
    number = Field(
        "number",
        text("How many, at most {points}?").format(points=most),
        ["values", "points"],
        most=wallet.max_redeem,
        scale=scale,
        choices=choices,
    )
    label = text("Pay with points")
    body = {"code": "redeem", "values": {"wallet": wallet.wallet, "points": 0}}
    path = f"/v1/receipts/{present.scene.receipt}/answers"
    return Action(key, label, "POST", path, body, title=label, fields=[number])


def _scale(present: Present, wallet: str) -> int:
    word = present.programme.text.wallet.get(wallet) if present.programme else None
    if word is None:
        return 0
    return present.digits if word.kind == "stored_value" else word.scale


def _entered(units: int, scale: int) -> str:
    """Write smallest units as they are typed: 1250 of scale 2 are 12.50."""
    return f"{units // 10**scale}.{units % 10**scale:0{scale}}" if scale else str(units)


def _join(present: Present) -> list[Action]:
    """Return how somebody joins: with the unknown card that lies here, or by phone where there is no card."""
    card, text, is_cashier = present.card, present.words.text, present.role == "cashier"
    if present.scene.is_over or card.get("result", "unknown") != "unknown":
        return []
    age = _least_age(present)
    if age and not is_cashier:
        return []  # somebody has to look at a document
    body: dict[str, Any] = {"language": present.words.lang, "consents": []}
    fields: list[Field] = []
    if token := card.get("identification_id"):
        body |= {"identification_id": token, "request_id": _request("card", token)}
        label = text("Enrol the customer") if is_cashier else text("Join now")
    elif not card:
        # Until somebody has joined or anything else happened, it is the same request.
        moment = f"{present.now:%Y-%m-%d %H:%M} {present.scene.moment}"
        body |= {"phone": "", "request_id": _request("phone", moment)}
        fields.append(Field("phone", text("Phone number"), ["phone"]))
        label = text("Enrol by phone") if is_cashier else text("Join by phone")
    else:
        return []
    for place, (purpose, said) in enumerate(_consents(present).items()):
        # The version is the text itself: what was agreed to can be found word for word.
        version = f"{present.words.lang}-{_request(said)[:12]}"
        channel = "till" if is_cashier else "customer_screen"
        body["consents"].append(
            {"purpose": purpose, "granted": False, "text_version": version, "channel": channel}
        )
        fields.append(Field("tick", said, ["consents", place, "granted"]))
    body["name"] = ""
    fields.append(Field("name", text("Name, for the greeting"), ["name"]))
    if age:
        body["age_confirmed"] = False
        said = text("I saw a document: the customer is at least {age} years old").format(age=age)
        fields.append(Field("tick", said, ["age_confirmed"]))
    return [Action(JOIN, label, "POST", "/v1/members", body, title=label, fields=fields)]


def _least_age(present: Present) -> int:
    """Return the age from which one may join, 0 where none is asked for."""
    enrol = present.programme.text.enrol if present.programme is not None else None
    return (enrol.age_at_least or 0) if enrol is not None else 0


def _consents(present: Present) -> dict[str, str]:
    """Return what a customer is asked to agree to, each by itself."""
    text = present.words.text
    return {
        "offers": text("Offers may be sent to me by message"),
        "greeting": text("I may be greeted by my name at the till"),
    }


def _attach(present: Present) -> list[Action]:
    """Return the offer to give an anonymous receipt to the card that was read too late."""
    scene = present.scene
    card = scene.late or (scene.card if scene.before else {})
    receipt = scene.before or str(scene.late.get("open_receipt", ""))
    if present.role != "cashier" or card.get("result") != "identified" or not present.is_before_anonymous:
        return []
    known = card["identification_id"]
    label = present.words.text("Attach {card} to receipt {receipt}?").format(
        card=card["masked"], receipt=receipt
    )
    body = {"identification_id": known, "request_id": _request("claim", receipt, known)}
    return [Action(ATTACH, label, "POST", f"/v1/receipts/{receipt}/claim", body)]


def _request(*what: str) -> str:
    """Name something by what it says: pressing twice asks once."""
    return blake2b("\0".join(what).encode(), digest_size=16).hexdigest()
