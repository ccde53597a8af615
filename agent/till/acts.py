"""What each call of the table does: the body goes to the part of the checkout that knows it."""

from collections.abc import Callable
from typing import Any, NamedTuple

from agent import __version__
from agent.documents import decode_json
from agent.till.checkout import Checkout
from agent.till.shapes import AcceptingBody


class Asked(NamedTuple):
    """What a call came with: the ids of its path, its body, who makes it."""

    ids: dict[str, str]
    body: bytes
    peer: str

    @property
    def receipt(self) -> str:
        """The receipt that the path names."""
        return self.ids["receipt_id"]


Act = Callable[[Asked], Any]
"""Answers a call, or returns what is to be awaited for its answer."""


def acts_of(checkout: Checkout, devices: Callable[[], list[dict[str, Any]]]) -> dict[str, Act]:
    """Say what each call of the table does; the stream of events is answered apart."""
    talk = checkout.talk
    return {
        "quote": lambda asked: checkout.quote(asked.receipt, asked.body),
        "hold": lambda asked: checkout.hold(asked.receipt, asked.body),
        "commit": lambda asked: checkout.commit(asked.receipt, asked.body),
        "void": lambda asked: checkout.void(asked.receipt, asked.body),
        "return": lambda asked: checkout.take_back(asked.receipt, asked.ids["return_id"], asked.body),
        "claim": lambda asked: checkout.claim(asked.receipt, asked.body),
        "recall": lambda asked: checkout.recall(asked.receipt),
        "identify": lambda asked: checkout.identify(asked.body, asked.peer),
        "join": lambda asked: checkout.join(asked.body, asked.peer),
        "attach": lambda asked: checkout.attach(asked.ids["identification_id"], asked.body),
        "consent": lambda asked: checkout.consent(asked.ids["identification_id"], asked.body),
        "current": lambda _: talk.current(),
        "answer": lambda asked: talk.answer(asked.receipt, asked.body),
        "park": lambda asked: talk.park(asked.receipt),
        "prompt": lambda asked: talk.prompt(asked.receipt, asked.body),
        "accepting": lambda asked: _accepting(checkout, asked.body),
        "hello": lambda _: {"agent": __version__, "api": "v1", **checkout.hello()},
        "devices": lambda _: {"devices": devices()},
        "openapi": lambda _: _openapi(),
        "healthz": lambda _: b"ok\n",
    }


def _accepting(checkout: Checkout, body: bytes) -> dict[str, Any]:
    wanted = decode_json(body, AcceptingBody, what="accepting")
    checkout.set_accepting(accepting=wanted.accepting)
    return {"accepting": wanted.accepting}


def _openapi() -> dict[str, Any]:
    from agent.till.openapi import document  # noqa: PLC0415 - hardly a till is ever asked for it

    return document()
