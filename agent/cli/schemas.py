"""JSON Schemas of every document that people or a POS write, made from the types that read them."""

from typing import Any

import msgspec

from agent.config.till import TillConfig
from agent.loyalty.schemas import schema_of
from agent.till import shapes
from agent.till.openapi import document

POS_BODIES = (
    shapes.IdentificationBody,
    shapes.HoldBody,
    shapes.CommitBody,
    shapes.VoidBody,
    shapes.ReturnBody,
    shapes.AcceptingBody,
    shapes.ClaimBody,
    shapes.MemberBody,
    shapes.CardBody,
    shapes.ConsentsBody,
    shapes.AnswerBody,
    shapes.PromptBody,
)
TAPE: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "One line of a tape: a captured read",
    "type": "object",
    "required": ["id", "transport", "device", "input"],
    "properties": {
        "id": {"type": "string"},
        "transport": {"enum": ["serial", "evdev", "hidraw", "pcsc", "pos_text"]},
        "device": {
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "role": {"enum": ["scanner", "msr", "nfc", "vas_reader", "keyboard"]},
            },
        },
        "input": {
            "type": "object",
            "properties": {
                "bytes_hex": {"type": "string"},
                "chunks": {"type": "array", "items": {"type": "array"}},
                "events": {"type": "array", "items": {"type": "array"}},
                "reports_hex": {"type": ["array", "string"], "items": {"type": "string"}},
                "text": {"type": "string"},
                "layout": {"enum": ["us", "ru", "fi", "de", "fr"]},
                "atr": {"type": "string"},
                "uid": {"type": "string"},
                "apdus": {"type": "array", "items": {"type": "array"}},
                "steps": {"type": "array", "items": {"type": ["object", "array"]}},
                "config": {"type": "object"},
            },
        },
        "clock_unix": {"type": "integer"},
    },
}


def schema_named(name: str) -> dict[str, Any]:
    """Return the JSON Schema of basket, member, quote, programme, config, pos, openapi or tape."""
    match name:
        case "tape":
            return TAPE
        case "config":
            return msgspec.json.schema(TillConfig)
        case "openapi":
            return document()
        case "pos":
            _, components = msgspec.json.schema_components(POS_BODIES)
            return {"$defs": components}
        case _:
            return schema_of(name)
