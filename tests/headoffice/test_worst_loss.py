"""Tills out of contact never lose more than what head office printed before, whatever customers do."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.headoffice import delta
from agent.headoffice.member_import import import_members
from agent.headoffice.members import show
from agent.headoffice.office import Office
from agent.headoffice.owing import settle
from agent.headoffice.publish import publish
from agent.headoffice.reexecute import Judge
from agent.headoffice.report import report
from agent.headoffice.verify import verify
from agent.loyalty.language.read import load_programme
from agent.loyalty.offline import till_loss
from agent.sync.wire import Delta, Pull
from tests.headoffice.both_ends import ShopTill
from tests.headoffice.lived import void
from tests.headoffice.till_end import StillClock
from tests.till.desk import CLUB, NOON, basket

CARDS = {"m-1": "2990000000019", "m-2": "2990000000026"}
MEMBERS = "member,card,wallet,balance,expires_on\nm-1,,points,500,2027-06-30\nm-2,2990000000026,points,300,\n"
TILLS = 3

ladders = st.builds(
    lambda use, uses, cap, credit: (use, uses, max(use, credit, cap), credit),
    st.integers(1, 300),
    st.integers(1, 4),
    st.integers(1, 700),
    st.integers(1, 500),
)
acts = st.lists(
    st.one_of(
        st.tuples(st.just("sell"), st.integers(0, TILLS - 1), st.sampled_from(sorted(CARDS))),
        st.tuples(st.just("void"), st.integers(0, TILLS - 1), st.integers(0, 3)),
        st.tuples(st.just("restart"), st.integers(0, TILLS - 1), st.just(0)),
        st.tuples(st.just("arrive"), st.integers(0, TILLS - 1), st.just(0)),
    ),
    max_size=14,
)


class Chain:
    """A head office and three tills that it told everything once; afterwards they only push."""

    def __init__(self, folder: Path, ladder: tuple[int, int, int, int]) -> None:
        words = 'mode = "limited", per_use = {}, uses = {}, till_cap = {}, credit = {}'.format(*ladder)
        self.text = (
            CLUB.read_bytes()
            .replace(b"[wallet.points]\n", f"[wallet.points]\noffline = {{ {words} }}\n".encode())
            .replace(b'min_balance = 200, max_share = "0.50"', b"min_balance = 1")
        )
        self.office = Office(folder / "state", StillClock(NOON), serving=True)
        publish(self.office, self.text, name="household-club.toml")
        import_members(self.office, MEMBERS, name="members.csv")
        self.tills = [
            ShopTill(self.office, folder, f"1-{n}", n << 100, programme=self.text)
            for n in range(1, TILLS + 1)
        ]
        for till in self.tills:
            till.pull()
            till.desk.write(lambda tx: tx.set_mark("last_contact_ms", int(NOON.timestamp() * 1000)))
        self.sold: list[list[str]] = [[] for _ in self.tills]
        self.count = 0

    def sell(self, at: int, member: str) -> None:
        """Sell for 15.50 and pay as much with points as the till lets go, without a hold."""
        self.count += 1
        receipt, till = f"r{self.count}", self.tills[at].desk
        token = till.identify(CARDS[member])["identification_id"]
        sale = basket(receipt, instruments=[token], redeem={"points": "max"})
        quote = till.call("quote", receipt, json.dumps(sale).encode())
        body = {"etag": quote.etag, "basket": sale, "tenders": []}
        assert till.call("commit", receipt, json.dumps(body).encode())["differences"] == []
        self.sold[at].append(receipt)

    def act(self, kind: str, at: int, what: Any) -> None:
        till = self.tills[at]
        if kind == "sell":
            self.sell(at, what)
        elif kind == "void" and what < len(self.sold[at]):
            void(till, self.sold[at].pop(what))
        elif kind == "restart":
            till.desk.reopen()
        elif kind == "arrive":  # pushed and booked, but the till hears nothing of it
            till.push()
            settle(self.office)

    def close(self) -> None:
        for till in self.tills:
            till.close()
        self.office.close()


@settings(max_examples=8)
@given(ladder=ladders, acts=acts, last=st.permutations(range(TILLS)))
def test_the_loss_stays_below_what_was_printed(
    ladder: tuple[int, int, int, int], acts: list[tuple[str, int, Any]], last: list[int]
) -> None:
    with TemporaryDirectory() as place:
        chain = Chain(Path(place), ladder)
        (printed,) = report(chain.office)["offline"]["worst"]
        words = load_programme(chain.text, name="p").text.wallet["points"].offline
        assert printed["fleet_all_cut_off"] == TILLS * till_loss(words, len(CARDS))
        for act in acts:
            chain.act(*act)
            for till in chain.tills:
                assert till.desk.ledger.read.beyond("points").points <= printed["till"]
        for at in last:
            chain.act("arrive", at, 0)
        owed = {member: show(chain.office, member)["owed"].get("points", 0) for member in CARDS}
        assert sum(owed.values()) <= printed["fleet_all_cut_off"]
        assert max(owed.values()) <= printed["member_all_cut_off"]
        found = verify(chain.office, Judge)
        assert (found.mistakes, found.is_sound) == ([], True)
        chain.close()


def test_a_till_that_hears_of_its_booking_may_go_on(tmp_path: Path) -> None:
    """The bound is about what head office has not booked: after contact it begins anew."""
    chain = Chain(tmp_path, (300, 1, 300, 300))
    till = chain.tills[0]
    chain.sell(0, "m-1")
    assert till.desk.ledger.read.beyond("points").points == 300
    chain.act("arrive", 0, 0)
    page = delta.page(chain.office, "1-1", Pull(till.end.incarnation, 0))
    assert isinstance(page, Delta)
    till.desk.write(lambda tx: tx.apply_delta(page))
    assert till.desk.ledger.read.beyond("points").points == 0
    chain.close()
