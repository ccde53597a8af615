"""The member directory beside the ledger: found by card and by name, overlaid by news, replaced whole."""

import errno
from hashlib import sha256
from pathlib import Path

import pytest

from agent.errors import LedgerDamaged, LedgerReadOnly, Refused
from agent.headoffice.store.directory_file import Listed, write_directory
from agent.journal.directory import file_name
from agent.ledger.arriving import Arriving, Piece
from agent.ledger.directory import Directory
from agent.ledger.ledger import Ledger
from agent.ledger.storage import DiskStorage
from agent.ledger.transaction import Transaction
from agent.loyalty.compact import compact
from agent.sync.wire import Delta, MemberRow
from tests.ledger.rigs import DAY, do, earn, facts, opened, tell

CARD, OTHER = b"c" * 16, b"d" * 16


def write(folder: Path, cursor: int, **points: int) -> Path:
    """Make a directory with members by name, each with a card called after it."""
    path = folder / file_name(cursor)
    listed = [
        Listed(name, cursor, compact(facts(name, lot=amount)), [(name.encode().ljust(16), False)])
        for name, amount in points.items()
    ]
    write_directory(path, cursor, listed)
    return path


def use(ledger: Ledger, path: Path) -> None:
    directory = Directory(path)
    do(ledger, lambda tx: tx.use_directory(directory.cursor))
    ledger.put_directory(directory)


def test_a_member_of_the_directory_is_found_by_card_and_by_name(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        use(ledger, write(tmp_path, 7, anna=30, boris=40))
        found = ledger.read.member_of(b"anna".ljust(16))
        assert found is not None
        assert (found.member, found.card_blocked) == ("anna", False)
        assert ledger.read.member_of(b"nobody".ljust(16)) is None
        assert ledger.read.balance("boris", "points") == 40
        assert ledger.read.status().directory == 7
    with opened(tmp_path) as again:
        assert again.read.balance("anna", "points") == 30


def test_news_lie_over_the_directory_and_own_entries_over_both(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        use(ledger, write(tmp_path, 7, m1=30))
        row = MemberRow("m1", 9, [OTHER], facts("m1", lot=50))
        do(ledger, lambda tx: tx.apply_delta(Delta(7, 9, more=False, booked_seq=0, members=[row])))
        for draft in earn(5):
            do(ledger, lambda tx, draft=draft: tx.append(draft))  # type: ignore[misc]
        assert ledger.read.balance("m1", "points") == 55
        assert ledger.read.member_of(b"m1".ljust(16)) is None  # that card is no longer this member's
        assert ledger.read.member_of(OTHER) is not None


def test_a_newer_directory_drops_the_news_that_it_contains_and_no_others(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        do(ledger, lambda tx: tx.set_mark("cursor", 7))
        tell(ledger, facts("m1", lot=50), version=8, tag=CARD)
        do(ledger, lambda tx: tx.set_mark("cursor", 11))
        tell(ledger, facts("m2", lot=60), version=12, tag=OTHER)
        use(ledger, write(tmp_path, 10, m1=51))
        assert do(ledger, lambda tx: tx.drop_contained(10, 100)) == 1
        assert ledger.read.balance("m1", "points") == 51
        assert ledger.read.balance("m2", "points") == 60


def test_an_erased_member_is_gone_although_the_directory_still_lists_it(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        use(ledger, write(tmp_path, 7, anna=30))
        do(ledger, lambda tx: tx.forget("anna", version=9))
        assert ledger.read.member_of(b"anna".ljust(16)) is None
        assert ledger.read.facts("anna", DAY) is None
        use(ledger, write(tmp_path, 8, boris=1))
        assert do(ledger, lambda tx: tx.drop_contained(8, 100)) == 0
        use(ledger, write(tmp_path, 9, boris=1))
        assert do(ledger, lambda tx: tx.drop_contained(9, 100)) == 1


def test_a_directory_ahead_of_the_news_is_refused_while_own_entries_count(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        for draft in earn(5):
            do(ledger, lambda tx, draft=draft: tx.append(draft))  # type: ignore[misc]

        def change(tx: Transaction) -> None:
            tx.use_directory(10)

        with pytest.raises(Refused):
            do(ledger, change)
        do(ledger, lambda tx: tx.set_mark("booked", 2))
        do(ledger, change)
        assert ledger.read.mark("cursor") == 10


def test_a_ledger_whose_directory_is_gone_or_broken_sells_without(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        use(ledger, write(tmp_path, 7, anna=30))
    path = tmp_path / file_name(7)
    path.write_bytes(b"no database" * 1000)
    with opened(tmp_path) as ledger:
        assert ledger.read.member_of(b"anna".ljust(16)) is None
        assert ledger.read.status().directory == 0
    path.unlink()
    with opened(tmp_path) as ledger:
        assert ledger.read.status().directory == 0


def test_two_cards_of_one_key_are_refused_when_it_is_made(tmp_path: Path) -> None:
    twins = [(b"c" * 15 + bytes([last]), False) for last in (1, 2)]
    with pytest.raises(LedgerDamaged):
        write_directory(tmp_path / "x.db", 1, [Listed("m1", 1, compact(facts("m1")), twins)])


def test_a_file_of_another_name_or_kind_is_no_directory(tmp_path: Path) -> None:
    path = write(tmp_path, 7, anna=30)
    renamed = tmp_path / file_name(8)
    path.rename(renamed)
    with pytest.raises(LedgerDamaged):
        Directory(renamed)


def cut(path: Path, size: int) -> tuple[list[bytes], list[Piece]]:
    whole = path.read_bytes()
    contents = [whole[start : start + size] for start in range(0, len(whole), size)]
    return contents, [Piece(sha256(one).hexdigest(), len(one)) for one in contents]


def test_a_download_goes_on_where_it_was_cut_and_drops_what_is_torn(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    contents, pieces = cut(write(tmp_path / "there", 7, anna=30), 1000)
    first = Arriving(tmp_path, DiskStorage(tmp_path), 7, pieces)
    for content in contents[:5]:
        first.add(content)
    part = tmp_path / "members-7.db.part"
    part.write_bytes(part.read_bytes()[:-1] + b"\xff")  # the power went while the fifth was written
    again = Arriving(tmp_path, DiskStorage(tmp_path), 7, pieces)
    assert again.done == 4
    for content in contents[4:]:
        again.add(content)
    assert again.is_whole
    directory = again.finish()
    assert (directory.cursor, directory.members) == (7, 1)
    assert not part.exists()


def test_a_piece_that_was_not_announced_is_refused(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    contents, pieces = cut(write(tmp_path / "there", 7, anna=30), 1000)
    arriving = Arriving(tmp_path, DiskStorage(tmp_path), 7, pieces)
    with pytest.raises(LedgerDamaged):
        arriving.add(contents[1])
    assert arriving.done == 0


def test_other_directories_go_when_one_is_put_to_use(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        use(ledger, write(tmp_path, 7, anna=30))
        (tmp_path / "members-3.db.part").write_bytes(b"half")
        use(ledger, write(tmp_path, 9, anna=31))
        assert sorted(path.name for path in tmp_path.glob("members-*")) == ["members-9.db"]
        assert ledger.read.balance("anna", "points") == 31


def test_an_older_directory_that_a_power_cut_left_behind_goes_at_the_next_start(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        use(ledger, write(tmp_path, 7, anna=30))
    write(tmp_path, 5, erased=1)
    (tmp_path / "members-9.db.part").write_bytes(b"on its way")
    with opened(tmp_path):
        names = sorted(path.name for path in tmp_path.glob("members-*"))
        assert names == ["members-7.db", "members-9.db.part"]


class StumblingStorage(DiskStorage):
    """A disk whose next write stops half-way, and whose next flush fails."""

    has_room = can_flush = True

    def write_at(self, name: str, offset: int, content: bytes) -> None:
        if not self.has_room:
            self.has_room = True
            super().write_at(name, offset, content[: len(content) // 2])
            raise OSError(errno.ENOSPC, "no room")
        super().write_at(name, offset, content)

    def flush(self, name: str) -> None:
        if not self.can_flush:
            self.can_flush = True
            raise OSError(errno.EIO, "broken")
        super().flush(name)


def test_a_piece_that_was_written_by_half_is_written_again_in_its_place(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    contents, pieces = cut(write(tmp_path / "there", 7, anna=30), 1000)
    storage = StumblingStorage(tmp_path)
    arriving = Arriving(tmp_path, storage, 7, pieces)
    for at, content in enumerate(contents):
        storage.has_room = at != 3
        if not storage.has_room:
            with pytest.raises(LedgerReadOnly):
                arriving.add(content)
        arriving.add(content)
    arriving.finish().close()
    assert (tmp_path / file_name(7)).read_bytes() == (tmp_path / "there" / file_name(7)).read_bytes()


def test_after_a_failed_flush_every_byte_is_fetched_again(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    contents, pieces = cut(write(tmp_path / "there", 7, anna=30), 1000)
    storage = StumblingStorage(tmp_path)
    arriving = Arriving(tmp_path, storage, 7, pieces)
    for content in contents:
        arriving.add(content)
    storage.can_flush = False
    with pytest.raises(LedgerReadOnly):
        arriving.finish()
    assert arriving.done == Arriving(tmp_path, storage, 7, pieces).done == 0


def test_a_directory_that_is_finished_twice_stays_whole(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    contents, pieces = cut(write(tmp_path / "there", 7, anna=30), 1000)
    arriving = Arriving(tmp_path, DiskStorage(tmp_path), 7, pieces)
    for content in contents:
        arriving.add(content)
    for _ in range(2):  # the ledger refused to name it the first time
        directory = arriving.finish()
        assert directory.members == 1
        directory.close()
