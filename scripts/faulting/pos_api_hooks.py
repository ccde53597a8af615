"""What schemathesis cannot know: ids and currency that fit together, a card that is somebody's.

Loaded by schemathesis itself.  Valid bodies alone are changed, and not all of them: those that stay show
what a POS hears that mixes things up.
"""

import re
import zlib
from typing import Any

import schemathesis

CARD = "2990000000019"
RECEIPTS = 200
MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ]")


@schemathesis.hook
def before_call(_: Any, case: Any, **__: Any) -> None:
    """Let three of four valid calls be of one shop: few receipts, its currency, its member."""
    ids, body = case.path_parameters or {}, case.body
    if case.meta is None or not case.meta.generation.mode.is_positive or "receipt_id" not in ids:
        return
    if isinstance(body, dict):
        case.body = body = _whole(body)
    basket = body.get("basket", body) if isinstance(body, dict) else None
    if isinstance(basket, dict) and isinstance(basket.get("lines"), list):
        # That each line has a number of its own is more than a schema can say.
        basket["lines"] = [
            {**line, "line": number} if isinstance(line, dict) else line
            for number, line in enumerate(basket["lines"], 1)
        ]
    chance = zlib.crc32(repr((ids, body)).encode())
    if chance % 4 == 0:
        return
    ids["receipt_id"] = f"r{chance % RECEIPTS}"
    if isinstance(basket, dict) and "sold_at" in basket:
        basket |= {"receipt_id": ids["receipt_id"], "currency": "USD"}
        if chance % 3 == 0:
            basket |= {"instruments": [CARD], "redeem": {"points": "max"}}


def _whole(plain: Any) -> Any:
    """Write what only a schema allows as we want it: 737.0 as 737, a sale of the year 1 as one of today."""
    match plain:
        case dict():
            return {key: _whole(one) for key, one in plain.items()}
        case list():
            return [_whole(one) for one in plain]
        case float() if plain.is_integer():
            return int(plain)
        case str() if MOMENT.match(plain) and not plain.startswith("20"):
            return "2026" + plain[4:].replace("02-29", "02-28")
        case _:
            return plain
