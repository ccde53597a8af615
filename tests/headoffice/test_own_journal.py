"""S1: what head office sets aside outlives its books; an older copy of them never sets it aside again."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from agent.cli.headoffice import main
from agent.errors import LedgerDamaged, LedgerReadOnly
from agent.headoffice import allowances, tills
from agent.headoffice.office import Office
from agent.headoffice.own_journal import OwnJournal
from agent.headoffice.reexecute import Judge
from agent.headoffice.report import status
from agent.headoffice.store.allowances import Issue, free_lots
from agent.headoffice.verify import verify
from agent.sync.wire import Allowance, AllowanceAnswer, AllowanceRequest, Deny
from tests.headoffice.till_end import StillClock, TillEnd, book, rows


class House:
    """A head office that can be stopped, lose its disk to an older copy, and start again."""

    def __init__(self, folder: Path, office: Office, till: TillEnd) -> None:
        self.folder, self.office, self.till = folder, office, till

    def ask(self, request: str, amount: int = 100) -> AllowanceAnswer:
        asked = AllowanceRequest(self.till.incarnation, request, "m-1", "points", amount)
        return allowances.answer(self.office, self.till.name, asked)

    def number(self, request: str, amount: int = 100) -> int:
        answer = self.ask(request, amount)
        assert isinstance(answer, Allowance)
        return answer.number

    def free(self) -> int:
        return sum(row["free"] for row in free_lots(self.office.store, "m-1", "points"))

    def stop(self) -> None:
        self.office.close()

    def start(self) -> None:
        self.office = Office(self.folder, StillClock(), serving=True)

    def keep(self, *names: str) -> Path:
        """Copy the books (or what is named) while head office is stopped."""
        self.stop()
        backup = self.folder.with_name("backup")
        shutil.copytree(
            self.folder, backup, ignore=lambda _, found: set(found) - {*names} if names else set()
        )
        self.start()
        return backup

    def bring_back(self, backup: Path, *names: str) -> None:
        self.stop()
        for name in names:
            place = self.folder / name
            if (backup / name).is_dir():
                shutil.rmtree(place, ignore_errors=True)
                shutil.copytree(backup / name, place)
            else:
                for left in self.folder.glob(f"{name}*"):
                    left.unlink()
                shutil.copy(backup / name, place)
        self.start()

    def greet(self, highest: int) -> None:
        hello = msgspec.structs.replace(self.till.hello(), highest_number=highest)
        tills.greet(self.office, self.till.name, hello)


@pytest.fixture
def house(tmp_path: Path, office: Office, till: TillEnd) -> Iterator[House]:
    one = House(tmp_path / "state", office, till)
    yield one
    one.stop()


def test_an_allowance_lies_on_disk_in_the_journal_before_it_is_answered(house: House) -> None:
    number = house.number("r-1", 600)
    again = OwnJournal(house.folder / "own", house.office.store, for_writing=False)
    [(_, seq, issue)] = again.issues()
    assert (seq, issue.number, issue.request_id, issue.member) == (1, number, "r-1", "m-1")
    assert list(issue.slices) == [("opening-2027-01-31", 500), ("opening-2027-06-30", 100)]


def test_books_of_last_night_get_back_what_was_set_aside_since(house: House) -> None:
    first = house.number("r-1")
    backup = house.keep("books.db")
    later = house.ask("r-2", 500)
    assert house.free() == 200
    house.bring_back(backup, "books.db")
    assert house.free() == 200
    assert house.ask("r-2", 500) == later
    assert isinstance(house.ask("r-3", 1000), Allowance)
    assert house.free() == 0
    numbers = [row[0] for row in rows(house.office, "SELECT number FROM allowance ORDER BY number")]
    assert numbers == [first, first + 1, first + 2]
    assert verify(house.office, Judge).mistakes == []


def test_a_journal_that_greets_older_books_gets_no_number_again(house: House) -> None:
    backup = house.keep("books.db")
    other = TillEnd("12-1", "b" * 32)
    other.greet(house.office)
    house.till = other
    assert house.number("r-1") == 1
    house.bring_back(backup, "books.db")
    other.greet(house.office)
    assert house.number("r-2") == 2


def test_what_a_till_spent_meanwhile_is_booked_on_what_was_put_back(house: House) -> None:
    backup = house.keep("books.db")
    number = house.number("r-1", 100)
    common = {"receipt": "x", "account": "m-1", "unit": "points", "allowance": number}
    lots = [("opening-2027-01-31", -60)]
    house.till.add("REDEEM", **common, part=f"points/{number}", amount=-60, lots=lots)
    house.till.add("CLOSE", receipt="x", part=str(number), account="m-1", unit="points", allowance=number)
    house.till.push(house.office)
    book(house.office)
    house.bring_back(backup, "books.db")
    book(house.office)
    assert rows(house.office, "SELECT kind FROM difference") == []
    assert house.free() == 800 - 60


def test_an_allowance_whose_commit_failed_is_in_force_all_the_same(house: House) -> None:
    issue = Issue(house.till.incarnation, 1, "m-1", "points", "r-1", [("opening-2027-01-31", 70)], 1, 2)

    def cut_short() -> None:
        with house.office.store.writing():
            house.office.own_journal.write([issue], 1)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        cut_short()
    assert house.free() == 800
    answer = house.ask("r-1", 500)
    assert isinstance(answer, Allowance)
    assert (answer.number, answer.amount) == (1, 70)
    assert house.number("r-2") == 2
    assert house.free() == 800 - 70 - 100


def test_nothing_is_set_aside_while_the_journal_cannot_be_written(house: House) -> None:
    house.number("r-1")
    [path] = (house.folder / "own").glob("*.segment")
    path.rename(path.with_suffix(".away"))
    path.mkdir()
    with pytest.raises(LedgerReadOnly):
        house.ask("r-2")
    assert house.free() == 700
    path.rmdir()
    path.with_suffix(".away").rename(path)
    assert house.number("r-2") == 2


def test_a_record_torn_by_a_power_cut_was_told_to_nobody(house: House) -> None:
    house.number("r-1")
    house.stop()
    [path] = (house.folder / "own").glob("*.segment")
    with path.open("ab") as file:
        file.write(b"half a record")
    house.start()
    assert house.free() == 700
    assert house.number("r-2") == 2


def test_a_whole_folder_of_last_night_sets_nothing_aside_once_a_till_shows_a_number_it_lacks(
    house: House,
) -> None:
    house.number("r-1")
    backup = house.keep()
    house.number("r-2")
    newest = house.folder.with_name("newest")
    house.stop()
    shutil.copytree(house.folder / "own", newest / "own")
    house.start()
    house.bring_back(backup, "books.db", "own")
    house.greet(highest=2)
    assert house.ask("r-3") == Deny("books_behind")
    house.greet(highest=1)
    assert house.ask("r-3") == Deny("books_behind")
    assert [row["books_behind"] for row in status(house.office)["tills"]] == [True]
    house.bring_back(newest, "own")
    assert house.number("r-3") == 3
    assert house.free() == 500
    assert [row["books_behind"] for row in status(house.office)["tills"]] == [False]


def test_without_the_newer_journal_a_person_decides_to_go_on(house: House, tmp_path: Path) -> None:
    backup = house.keep()
    house.number("r-1")
    house.bring_back(backup, "books.db", "own")
    house.greet(highest=1)
    assert house.ask("r-2") == Deny("books_behind")
    config = tmp_path / "office.toml"
    config.write_text(f'[paths]\nstate = "{house.folder}"\n')
    found = CliRunner().invoke(main, ["status", "--config", str(config)])
    assert "till reconcile 12-1" in found.output
    command = ["till", "reconcile", "12-1", "--config", str(config)]
    assert CliRunner().invoke(main, command, input="n\n").exit_code == 1
    assert house.ask("r-2") == Deny("books_behind")
    assert "1 allowances given up" in CliRunner().invoke(main, command, input="y\n").output
    assert house.number("r-2") == 2


def test_books_newer_than_the_journal_begin_another(house: House) -> None:
    backup = house.keep("own")
    house.number("r-1")
    house.bring_back(backup, "own")
    assert house.free() == 700
    assert house.number("r-2") == 2
    house.stop()
    house.start()
    assert house.number("r-3") == 3
    assert len(list((house.folder / "own").glob("*.segment"))) == 1
    assert verify(house.office, Judge).mistakes == []


def test_a_journal_of_other_books_is_found(house: House) -> None:
    house.number("r-1")
    with house.office.store.writing():
        house.office.store.run("UPDATE own_journal SET booked_seq = 0, booked_hash = x''")
        house.office.store.run("UPDATE allowance SET issued = 99")
    with pytest.raises(LedgerDamaged):
        house.ask("r-2")
