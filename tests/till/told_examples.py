"""The examples of the OpenAPI document: one sale with everything, told by the till of the tests.

`python -m tests.till.told_examples` writes them anew into agent/till/examples.json.
"""

import json
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

from agent.till.api import build_app
from tests.till.conftest import DEVICES
from tests.till.desk import CARD, NOON, Desk, basket
from tests.till.serving import Door, served_on_socket

STORED = Path(__file__).resolve().parents[2] / "agent" / "till" / "examples.json"
RECEIPT = "1-1-77-1"
FRESH, FURTHER = "2990000000026", "2990000000033"


def examples(folder: Path) -> dict[str, Any]:
    """Make the sale, call by call, and return what was sent and told; what is random is named instead."""
    (folder / "token.key").write_bytes(b"k" * 32)  # a receipt's draw hangs on it, and stands in the journal
    desk = Desk(folder)
    desk.know_member(500)
    desk.allow(500)
    try:
        with served_on_socket(build_app(desk.checkout, lambda: DEVICES), folder) as door:
            told = _sale(door)
            told["events"] = {"text": _committed(desk)}
    finally:
        desk.ledger.close()
    text = json.dumps(told)
    for number, token in enumerate(dict.fromkeys(re.findall(r'"identification_id": "([\w-]+)"', text)), 1):
        text = text.replace(token, f"identification-{number}")
    boot = told["events"]["text"].removeprefix("id: ").partition("-")[0]
    return json.loads(text.replace(boot, "c0ffee00"))  # type: ignore[no-any-return]


def _committed(desk: Desk) -> str:
    messages = [message.decode() for _, message in desk.checkout.events._ring]
    return next(message for message in messages if "receipt.committed" in message)


def _sale(door: Door) -> dict[str, Any]:
    told: dict[str, Any] = {}

    def call(name: str, method: str, path: str, body: Any = None, **ids: str) -> Any:
        status, answer = door.call(method, path.format(**ids), body)
        assert status == 200, answer
        told[name] = {"ids": ids, "answer": answer} | ({} if body is None else {"body": body})
        return answer

    ids = {"receipt_id": RECEIPT}
    call("hello", "GET", "/v1/hello")
    call("devices", "GET", "/v1/devices")
    call("accepting", "PUT", "/v1/accepting", {"accepting": True})
    known = call("identify", "POST", "/v1/identifications", {"value": CARD, "entry_mode": "Scanned"})
    sale = basket(RECEIPT, instruments=[known["identification_id"]], redeem={"points": 300}, cashier="7")
    quote = call("quote", "PUT", "/v1/receipts/{receipt_id}/quote", sale, **ids)
    call("current", "GET", "/v1/quotes/current")
    chosen = {"code": "redeem", "values": {"wallet": "points", "points": 300}}
    call("answer", "POST", "/v1/receipts/{receipt_id}/answers", chosen, **ids)
    said = {"code": "ask_for_card", "outcome": "shown", "cashier": "7"}
    call("prompt", "POST", "/v1/receipts/{receipt_id}/prompts", said, **ids)
    call("park", "PUT", "/v1/receipts/{receipt_id}/park", **ids)
    held = {"etag": quote["etag"], "basket": sale}
    call("hold", "PUT", "/v1/receipts/{receipt_id}/hold", held, **ids)
    paid = {**held, "tenders": [{"kind": "cash", "amount_minor": 1250}], "fiscal": "F-1"}
    call("commit", "POST", "/v1/receipts/{receipt_id}/commit", paid, **ids)
    call("recall", "GET", "/v1/receipts/{receipt_id}", **ids)
    back = {"lines": [{"line": 2}], "returned_at": NOON.isoformat(), "cashier": "7"}
    call("return", "PUT", "/v1/receipts/{receipt_id}/returns/{return_id}", back, **ids, return_id="1-1-77-2")
    late = basket("1-1-77-4", cashier="7")
    quiet = door.call("POST", "/v1/receipts/1-1-77-4/commit", {"basket": late})
    assert quiet[0] == 200
    mine = {"identification_id": known["identification_id"], "cashier": "7"}
    call("claim", "POST", "/v1/receipts/{receipt_id}/claim", mine, receipt_id="1-1-77-4")
    fresh = door.call("POST", "/v1/identifications", {"value": FRESH, "entry_mode": "Scanned"})[1]
    agreed = {"purpose": "news", "granted": True, "text_version": "2026-11", "channel": "till"}
    wanted = {"request_id": "1-1-77-j1", "identification_id": fresh["identification_id"], "language": "fi"}
    joined = call("join", "POST", "/v1/members", {**wanted, "consents": [agreed], "cashier": "7"})
    of_member = {"identification_id": joined["identification_id"]}
    further = door.call("POST", "/v1/identifications", {"value": FURTHER, "entry_mode": "Scanned"})[1]
    card = {"identification_id": further["identification_id"], "cashier": "7"}
    call("attach", "POST", "/v1/members/{identification_id}/cards", card, **of_member)
    withdrawn = {"consents": [{**agreed, "granted": False}], "cashier": "7"}
    call("consent", "POST", "/v1/members/{identification_id}/consents", withdrawn, **of_member)
    other = {"cashier": "7", "reason": "the customer left"}
    call("void", "POST", "/v1/receipts/{receipt_id}/void", other, receipt_id="1-1-77-3")
    return told


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        made = examples(Path(place))
    STORED.write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    sys.exit(0)
