"""OpenAPI 3.1 of the POS interface, made from the table of calls and the types that are read and told.

`loyalty-agent schema openapi` prints it, `GET /v1/openapi.json` serves it; nothing of it is written twice.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from agent import __version__
from agent.till.calls import CALLS, IDS, Call
from agent.till.happenings import EVENTS
from agent.till.problem import PROBLEMS, Problem, problem

REF = "#/components/schemas/{name}"
_BODIES = [call.body for call in CALLS if call.body is not None]
_ANSWERS = [call.answer for call in CALLS if call.answer not in {None, dict, str}]
_EXAMPLES = Path(__file__).with_name("examples.json")
_NEXT = {
    "quote": ("hold", "commit", "recall"),
    "hold": ("void", "recall"),
    "commit": ("recall", "return", "void"),
    "void": ("recall",),
    "return": ("recall",),
}
"""How a sale goes on, as links.  A return needs lines, which the POS knows."""
DESCRIPTION = """\
What a POS says to the loyalty agent on its own till, over HTTP/1.1 on a Unix socket. Money is whole minor
units, points are whole smallest units, quantities are decimal strings; fractions are refused. Every PUT and
POST may be repeated: the same content gets the same answer. Answers only grow, so pass over keys you do not
know. Each caller (user and process, or the address on loopback) has 8 connections; a request must arrive
within 5 s.
"""


@cache
def document() -> dict[str, Any]:
    """Return the whole document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "loyalty-agent: the POS interface",
            "version": __version__,
            "description": DESCRIPTION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [
            {"url": "http://localhost", "description": "the Unix socket, /run/loyalty/pos.sock: no token"},
            {"url": "http://127.0.0.1:8470", "description": "loopback, where pos.loopback is on: a token"},
        ],
        "security": [{"token": []}],
        "paths": _paths(),
        "components": {
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "At the loopback door only, with a Host and Origin that the till knows.",
                }
            },
            "schemas": _schemas(),
        },
        "x-events": {kind: _ref(data) for kind, data in EVENTS.items()},
    }


def _paths() -> dict[str, Any]:
    paths: dict[str, Any] = {}
    examples = json.loads(_EXAMPLES.read_text(encoding="utf-8"))
    for call in CALLS:
        paths.setdefault(call.path, {})[call.method.lower()] = _operation(call, examples.get(call.name, {}))
    return paths


def _operation(call: Call, example: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "operationId": call.name,
        "summary": call.summary,
        "description": f"No answer, or 503: {call.without_answer}.",
        "parameters": _parameters(call, example),
        "responses": {"200": _answer(call, example), **_problems(call)},
    }
    if call.body is not None:
        schema = _ref(call.body)
        if call.name == "commit":
            # The money was taken: what the schema does not know is parked, and head office settles it.
            schema = {"anyOf": [schema, {"type": "object"}]}
        content = {"schema": schema, "example": example["body"]}
        told["requestBody"] = {
            "required": not call.body_optional,
            "content": {"application/json": content},
        }
    if call.name == "healthz":
        told["security"] = []
    return told


def _parameters(call: Call, example: dict[str, Any]) -> list[dict[str, Any]]:
    parameters: list[dict[str, Any]] = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string", "minLength": 1, "pattern": f"^{IDS[name]}$"},
            "example": example["ids"][name],
        }
        for name in call.pattern.groupindex
    ]
    if call.problems:
        parameters.append(
            {
                "name": "Accept-Language",
                "in": "header",
                "description": "en, ru or fi: the language of `detail` and `action` in errors",
                "schema": {"type": "string"},
                "example": "fi, en;q=0.5",
            }
        )
    if call.name == "events":
        parameters.append(
            {
                "name": "Last-Event-ID",
                "in": "header",
                "description": "The last `id` heard; what came since is sent, or `resync` if too much did.",
                "schema": {"type": "string"},
            }
        )
    return parameters


def _answer(call: Call, example: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": "Done."}
    match call.name:
        case "events":
            kinds = ", ".join(EVENTS)
            answer["description"] = f"A stream without end; `event` is {kinds} or resync (x-events)."
            answer["content"] = {
                "text/event-stream": {"schema": {"type": "string"}, "example": example["text"]}
            }
        case "healthz":
            answer["content"] = {"text/plain": {"schema": {"const": "ok\n"}}}
        case "openapi":
            answer["content"] = {"application/json": {"schema": {"type": "object", "required": ["openapi"]}}}
        case _:
            content = {"schema": _ref(call.answer), "example": example["answer"]}
            answer["content"] = {"application/json": content}
    if links := {name: _link(call, name) for name in _NEXT.get(call.name, ())}:
        answer["links"] = links
    return answer


def _link(call: Call, then: str) -> dict[str, Any]:
    """Tell how a call goes on from another one about the same receipt."""
    link: dict[str, Any] = {
        "operationId": then,
        "parameters": {"receipt_id": "$request.path.receipt_id"},
    }
    if call.name == "quote" and then in {"hold", "commit"}:
        link["requestBody"] = {"etag": "$response.body#/etag", "basket": "$request.body"}
    return link


def _problems(call: Call) -> dict[str, Any]:
    """Tell the problems of a call, one answer for each status, with the codes it may carry."""
    told: dict[str, Any] = {}
    for status in sorted({PROBLEMS[code][0] for code in call.problems}):
        codes = [code for code in call.problems if PROBLEMS[code][0] == status]
        known: dict[str, Any] = {"properties": {"code": {"enum": codes}, "status": {"const": status}}}
        headers: dict[str, Any] = {"Content-Language": {"schema": {"enum": ["en", "ru", "fi"]}}}
        if status in {429, 503}:
            headers["Retry-After"] = {"schema": {"type": "integer", "minimum": 1}}
        told[str(status)] = {
            "description": "; ".join(f"`{code}`: {PROBLEMS[code][1]}" for code in codes),
            "headers": headers,
            "content": {
                "application/problem+json": {
                    "schema": {"allOf": [_ref(Problem), known]},
                    "examples": {
                        code: {"value": msgspec.to_builtins(problem(code, "what exactly was wrong"))}
                        for code in codes
                    },
                }
            },
        }
    return told


def _ref(kind: Any) -> dict[str, Any]:
    return {"$ref": REF.format(name=kind.__name__)}


def _schemas() -> dict[str, Any]:
    _, taken = msgspec.json.schema_components(_BODIES, ref_template=REF)
    _, told = msgspec.json.schema_components([*_ANSWERS, *EVENTS.values(), Problem], ref_template=REF)
    for name, schema in told.items():
        if name not in taken:
            schema.pop("additionalProperties", None)  # answers only grow
    return {name: _portable(schema) for name, schema in sorted((told | taken).items())}


def _portable(schema: Any) -> Any:
    """Write patterns as ECMA 262 wants them: there, `$` is the end and nothing else."""
    match schema:
        case dict():
            return {
                key: one.replace(r"(?!\n)$", "$")
                if key == "pattern" and isinstance(one, str)
                else _portable(one)
                for key, one in schema.items()
            }
        case list():
            return [_portable(one) for one in schema]
        case _:
            return schema
