"""The next tier at the counter: quoted, said in the cashier's language, and its outcome in the journal."""

import asyncio
import json
from pathlib import Path

import msgspec
import pytest

from agent.journal.tag import tag_of
from agent.loyalty.member import MemberFacts
from agent.sync.wire import Delta, MemberRow
from tests.screen.counter import Counter, with_card
from tests.till.desk import CARD, CLUB, FLEET_KEY, basket

TIER = """
[tier.gold]
name = { en = "Gold", ru = "Золотой", fi = "kulta" }
measure = "spend"
window = "calendar_year"
at_least = "100.00"
"""
SAID = {
    "en": "4.50 more this year and you are Gold",
    "ru": "Ещё 4,50 в этом году, и ваш уровень: Золотой",
    "fi": "Vielä 4,50 tänä vuonna, niin tasosi on kulta",
}


@pytest.mark.parametrize("lang", sorted(SAID))
def test_what_is_missing_to_the_next_tier_is_said_and_logged(tmp_path: Path, lang: str) -> None:
    counter = Counter(tmp_path / "state", programme=CLUB.read_bytes() + TIER.encode())
    facts = MemberFacts("m1", measures={"gold:2026": 8000})
    row = MemberRow("m1", 1, [tag_of("card", CARD, FLEET_KEY)], facts)
    counter.write(lambda tx: tx.apply_delta(Delta(0, 1, more=False, booked_seq=0, members=[row])))
    quote = with_card(counter)
    (hint,) = [one for one in counter.screen(lang=lang).hints if one.text == SAID[lang]]
    taken = hint.actions[0]
    assert taken.body == {"code": "next_tier", "rule": "gold", "outcome": "taken"}
    asyncio.run(counter.checkout.talk.prompt("r1", msgspec.json.encode(taken.body)))
    counter.call("commit", "r1", json.dumps({"etag": quote.etag, "basket": basket()}).encode())
    assert "PROMPT" in counter.kinds("r1")
    counter.ledger.close()
