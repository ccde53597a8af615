"""Training: the real daemon sells from a copy of its ledger, says so in every answer, and books nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.clock import SystemClock, random_id
from agent.ledger.ledger import open_ledger
from tests.daemon.test_integration_guide import settle_in
from tests.daemon.test_run import Agent, call
from tests.till.desk import CARD, basket


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Agent]:
    settle_in(tmp_path)
    one = Agent(tmp_path, '[[numbers]]\nkind="card"\nprefix="299"\nlength=13\n')
    text = one.config.read_text().replace("EUR", "USD").replace("[paths]", "training=true\n[paths]")
    one.config.write_text(text)
    one.start()
    one.await_message("READY=1")
    yield one
    one.stop()


def test_a_sale_in_training_answers_as_always_and_is_nowhere_afterwards(agent: Agent, tmp_path: Path) -> None:
    assert call(agent.pos, "GET", "/v1/hello")[1]["mode"] == "training"
    known = call(agent.pos, "POST", "/v1/identifications", {"value": CARD})[1]
    assert (known["result"], known["training"]) == ("identified", True)
    sale = basket("t1", instruments=[known["identification_id"]], redeem={"points": 100})
    quote = call(agent.pos, "PUT", "/v1/receipts/t1/quote", sale)[1]
    held = {"etag": quote["etag"], "basket": sale}
    assert call(agent.pos, "PUT", "/v1/receipts/t1/hold", held)[1]["held"] == {"points": 100}
    paid = call(agent.pos, "POST", "/v1/receipts/t1/commit", held)[1]
    assert (paid["state"], paid["training"]) == ("committed", True)
    assert paid["receipt_text"][0] == "TRAINING, NOT VALID"
    agent.processes[-1].terminate()
    agent.processes[-1].communicate(timeout=20)
    ledger = open_ledger(tmp_path / "state", clock=SystemClock(), new_id=random_id)
    try:
        assert (ledger.read.head()[0], ledger.read.receipt("t1")) == (0, None)
    finally:
        ledger.close()
    agent.start()  # each lesson begins anew
    agent.await_message("READY=1")
    assert call(agent.pos, "GET", "/v1/receipts/t1")[0] == 404
    agent.processes[-1].terminate()
    agent.processes[-1].communicate(timeout=20)
    practice = tmp_path / "state" / "training"
    assert practice.exists()
    agent.config.write_text(agent.config.read_text().replace("training=true", "training=false"))
    agent.start()
    agent.await_message("READY=1")
    assert not practice.exists()  # an erasure does not reach what lay in it
