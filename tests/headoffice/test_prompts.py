"""Prompts are words: what a till said about a receipt is kept with it, and never stands against it."""

import msgspec

from agent.headoffice.office import Office
from agent.headoffice.reexecute import Judge
from agent.headoffice.verify import verify
from agent.loyalty.member import MemberFacts
from agent.loyalty.quote import Prompt
from tests.headoffice.till_end import TillEnd, basket, book, differences


def test_what_a_till_said_about_a_receipt_is_no_difference(office: Office, till: TillEnd) -> None:
    said = [Prompt("a_prompt_of_another_version", {"tier": "gold"})]
    for name, prompts in (("r-1", said), ("r-2", [])):
        till.sell(
            basket(name, 2000),
            MemberFacts("m-1"),
            change=lambda quote, prompts=prompts: msgspec.structs.replace(quote, prompts=prompts),
        )
    till.push(office)
    book(office)
    assert "difference" not in [kind for kind, _ in differences(office)]
    assert verify(office, Judge).mistakes == []
