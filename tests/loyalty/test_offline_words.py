"""The words of the offline ladder: every cap of limited spending must be said, and no other mode has one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import DocumentError
from agent.loyalty.language.programme import Offline
from agent.loyalty.language.read import load_programme
from agent.loyalty.offline import BeyondUse, recoverable, room_beyond, till_loss, worst_loss

HEAD = """
[programme]
id = "p"
version = 1
currency = "EUR"
time_zone = "Europe/Helsinki"
[wallet.w]
"""
FULL = 'offline = { mode = "limited", per_use = 500, uses = 100, till_cap = 20000, credit = 1000 }'


def mistakes(words: str) -> dict[str, str]:
    """Return code by pointer of what is wrong with a wallet's words."""
    with pytest.raises(DocumentError) as refused:
        load_programme((HEAD + words).encode(), name="p.toml")
    assert all(one.remedy for one in refused.value.mistakes)
    return {one.pointer.rpartition("/wallet/")[2]: one.code for one in refused.value.mistakes}


def test_a_limited_wallet_says_all_its_caps() -> None:
    words = load_programme((HEAD + FULL).encode(), name="p.toml").text.wallet["w"].offline
    assert (words.mode, words.per_use, words.uses, words.till_cap, words.credit) == (
        "limited", 500, 100, 20_000, 1_000,
    )  # fmt: skip
    assert (words.directory_days, words.ask_share, words.recover_share) == (3, 5, 50)


def test_without_a_cap_the_worst_loss_has_no_number() -> None:
    found = mistakes('offline = { mode = "limited", per_use = 5 }')
    assert found == dict.fromkeys(("w/offline/uses", "w/offline/till_cap", "w/offline/credit"), "needs_cap")


@pytest.mark.parametrize("mode", ["strict", "earn_only"])
def test_no_other_mode_has_a_cap(mode: str) -> None:
    assert mistakes(f'offline = {{ mode = "{mode}", credit = 5 }}') == {"w/offline/credit": "only_limited"}


def test_stored_value_is_never_spent_beyond_what_is_there() -> None:
    assert mistakes('kind = "stored_value"\n' + FULL) == {"w/offline/mode": "not_stored_value"}


def test_a_till_cap_below_one_use_is_a_slip() -> None:
    words = FULL.replace("20000", "900")
    assert mistakes(words) == {"w/offline/till_cap": "cap_below_use"}


@given(
    words=st.builds(
        Offline,
        mode=st.just("limited"),
        per_use=st.integers(0, 50),
        uses=st.integers(0, 6),
        till_cap=st.integers(0, 100),
        credit=st.integers(0, 60),
    ),
    wishes=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 200)), max_size=20),
)
def test_whatever_is_asked_for_a_till_lets_go_no_more_than_its_worst_loss(
    words: Offline, wishes: list[tuple[int, int]]
) -> None:
    gone: dict[int, int] = {}
    uses = 0
    for member, known in wishes:
        used = BeyondUse(uses, sum(gone.values()), gone.get(member, 0))
        points = room_beyond(words, used, known)
        assert 0 <= points <= min(known, words.per_use)
        if points:
            uses += 1
            gone[member] = gone.get(member, 0) + points
    assert sum(gone.values()) <= till_loss(words, 4) == worst_loss(words, 4, 1).till
    assert max(gone.values(), default=0) <= worst_loss(words, 4, 1).member


@given(share=st.integers(0, 100), earned=st.integers(0, 10**9))
def test_a_receipt_never_pays_more_of_a_debt_than_its_share(share: int, earned: int) -> None:
    words = Offline(mode="limited", recover_share=share)
    assert recoverable(words, earned) * 100 <= earned * share < (recoverable(words, earned) + 1) * 100
