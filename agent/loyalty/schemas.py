"""JSON Schema of the documents this room reads and writes."""

from typing import Any

import msgspec

from agent.loyalty.basket import Basket
from agent.loyalty.language.programme import Text
from agent.loyalty.member import MemberFacts
from agent.loyalty.quote import Quote

DOCUMENTS: dict[str, type] = {"basket": Basket, "member": MemberFacts, "quote": Quote, "programme": Text}


def schema_of(name: str) -> dict[str, Any]:
    """Return the JSON Schema of basket, member, quote or programme.

    Raises:
        KeyError: there is no document of that name.
    """
    return msgspec.json.schema(DOCUMENTS[name])
