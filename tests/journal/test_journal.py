"""The journal's words: equal entries have equal bytes, every change shows, every posting balances."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.journal.chain import chain_end, genesis, next_hash
from agent.journal.entry import Entry, canonical_bytes, entry_from
from agent.journal.kinds import KINDS, counter_of, postings
from agent.journal.tag import TAG_BYTES, tag_of

PLAIN = st.recursive(
    st.integers(-(2**53), 2**53) | st.text(max_size=8) | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
ENTRIES = st.builds(
    Entry,
    incarnation=st.just("0" * 32),
    seq=st.integers(1, 2**40),
    kind=st.sampled_from(sorted(KINDS)),
    receipt=st.text(max_size=10),
    part=st.text(max_size=10),
    amount=st.integers(-(2**40), 2**40),
    data=st.dictionaries(st.text(max_size=5), PLAIN, max_size=4),
)


@given(ENTRIES)
def test_reading_canonical_bytes_and_writing_them_again_changes_no_byte(entry: Entry) -> None:
    body = canonical_bytes(entry)
    assert entry_from(body) == entry
    assert canonical_bytes(entry_from(body)) == body


@given(st.dictionaries(st.text(max_size=5), st.integers(), max_size=6))
def test_the_order_in_which_data_was_put_together_does_not_show(data: dict[str, int]) -> None:
    data = {key: value % 2**60 for key, value in data.items()}
    backwards = dict(reversed(data.items()))
    one, other = (Entry("0" * 32, 1, "NOTE", data=each) for each in (data, backwards))
    assert canonical_bytes(one) == canonical_bytes(other)


def test_fields_at_their_default_are_left_out_and_unknown_ones_passed_over() -> None:
    plain = msgspec.msgpack.decode(canonical_bytes(Entry("i", 1, "NOTE")))
    assert plain == {"incarnation": "i", "seq": 1, "kind": "NOTE"}
    assert entry_from(msgspec.msgpack.encode({**plain, "from_the_future": 1})) == Entry("i", 1, "NOTE")


@given(st.lists(st.binary(max_size=20), min_size=1, max_size=6), st.data())
def test_a_change_anywhere_changes_the_end_of_the_chain(bodies: list[bytes], data: st.DataObject) -> None:
    start = genesis("0" * 32)
    end = chain_end(start, bodies)
    place = data.draw(st.integers(0, len(bodies) - 1))
    changed = [*bodies[:place], bodies[place] + b"!", *bodies[place + 1 :]]
    assert chain_end(start, changed) != end
    assert chain_end(start, bodies[:-1]) != end
    assert next_hash(chain_end(start, bodies[:-1]), bodies[-1]) == end


def test_incarnations_do_not_share_a_genesis() -> None:
    assert genesis("0" * 32) != genesis("1" * 32)


@given(st.sampled_from([kind for kind in KINDS.values() if kind.counter]), st.integers(1, 2**40))
def test_postings_of_an_entry_sum_to_zero(kind: object, amount: int) -> None:
    entry = Entry("i", 1, kind[0], account="m", unit="points", amount=amount)  # type: ignore[index]
    assert sum(posting.amount for posting in postings(entry)) == 0
    assert len(postings(entry)) == 2


def test_a_reverse_stands_against_the_account_of_what_it_undoes() -> None:
    assert counter_of(Entry("i", 1, "REVERSE", data={"undoes": "EARN"})) == "issued"
    assert counter_of(Entry("i", 1, "FROM_THE_FUTURE")) == "suspense"


@pytest.mark.parametrize(
    "entry",
    [
        Entry("i", 1, "EARN", amount=5, unit="points"),
        Entry("i", 1, "EARN", amount=5, account="m"),
        Entry("i", 1, "NOTE", amount=5, account="m", unit="points"),
        Entry("i", 1, "EARN", amount=5, account="m", unit="points", lots=[("a", 4)]),
    ],
)
def test_an_entry_that_does_not_balance_is_refused(entry: Entry) -> None:
    with pytest.raises(ValueError, match="entry 1"):
        postings(entry)


def test_tags_differ_by_scheme_number_and_key() -> None:
    tags = {
        tag_of(scheme, value, key)
        for scheme in ("card", "phone")
        for value in ("0123", "123", "A123")
        for key in (b"k" * 32, b"l" * 32)
    }
    assert len(tags) == 12
    assert {len(tag) for tag in tags} == {TAG_BYTES}
