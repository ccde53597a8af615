"""Pull: whole stretches of the log as files, the same bytes when asked again, and a cursor that resumes."""

import csv
import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import duckdb
import pytest

from agent.errors import ConfigurationError, DocumentError
from agent.headoffice.delta import page
from agent.headoffice.feed import START, cursor_at
from agent.headoffice.feed import page as feed_page
from agent.headoffice.office import Office
from agent.headoffice.pull import pull
from agent.sync.wire import Delta, Pull
from tests.headoffice.till_end import TillEnd, basket, book


def sell(office: Office, till: TillEnd, *receipts: str) -> None:
    answer = page(office, till.name, Pull(till.incarnation, 0))
    assert isinstance(answer, Delta)
    for receipt in receipts:
        till.sell(basket(receipt, 1250, 800, store="=12"), answer.members[0].facts)
    till.push(office)
    book(office)


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def ndjson(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_pull_brings_entries_receipts_lines_and_differences(
    office: Office, till: TillEnd, tmp_path: Path
) -> None:
    sell(office, till, "r-1", "r-2")
    pulled = pull(office, tmp_path / "out")
    assert pulled.rows == {"entries": 6, "receipts": 2, "lines": 4, "differences": 1}
    assert pulled.cursor == cursor_at(6)
    folder = tmp_path / "out" / pulled.folders[0]
    assert [row["receipt"] for row in ndjson(folder / "receipts.ndjson")] == ["r-1", "r-2"]
    assert [row["points"] for row in ndjson(folder / "lines.ndjson")] == [12, 8, 12, 8]
    assert ndjson(folder / "differences.ndjson")[0]["kind"] == "facts_stale"
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["programmes"] == ["household-club/1"]
    assert manifest["sha256"]["lines.ndjson"] == sha256((folder / "lines.ndjson").read_bytes()).hexdigest()


def test_events_name_their_place_and_carry_no_card(office: Office, till: TillEnd, tmp_path: Path) -> None:
    sell(office, till, "r-1")
    folder = tmp_path / pull(office, tmp_path).folders[0]
    events = ndjson(folder / "events.ndjson")
    assert [event["type"] for event in events] == [
        "org.loyalty-agent.receipt.committed.v1",
        "org.loyalty-agent.points.earned.v1",
        "org.loyalty-agent.count.moved.v1",
    ]
    assert events[1]["subject"] == "m-1"
    assert events[1]["source"] == "/shops/12/tills/12-1"
    assert events[1]["id"].startswith("12-1/1/2/")
    assert events[1]["data"]["lots"] == [{"lot": "aaaaaaaa-2", "amount": 20}]
    everything = b"".join(content(folder).values())
    assert b"ab" * 16 not in everything
    assert b"instruments" not in everything


@pytest.mark.parametrize("form", ["ndjson", "csv", "parquet"])
def test_a_pull_resumes_at_its_cursor_with_the_same_bytes(
    office: Office, till: TillEnd, tmp_path: Path, form: str
) -> None:
    sell(office, till, "r-1")
    first = pull(office, tmp_path / "a", form=form)
    sell(office, till, "r-2", "r-3")
    second = pull(office, tmp_path / "a", after=first.cursor, form=form)
    again = pull(office, tmp_path / "b", after=first.cursor, form=form)
    assert (second.rows["receipts"], second.folders) == (2, again.folders)
    assert content(tmp_path / "a" / second.folders[0]) == content(tmp_path / "b" / again.folders[0])
    assert pull(office, tmp_path / "a", after=second.cursor, form=form).folders == []


def test_a_cursor_file_is_read_and_moved_on(office: Office, till: TillEnd, tmp_path: Path) -> None:
    file = tmp_path / "where"
    sell(office, till, "r-1")
    assert pull(office, tmp_path / "out", after=str(file)).rows["receipts"] == 1
    assert file.read_text() == f"{cursor_at(3)}\n"
    sell(office, till, "r-2")
    assert pull(office, tmp_path / "out", after=str(file)).rows["receipts"] == 1
    assert (tmp_path / "out" / "cursor").read_text() == file.read_text() == f"{cursor_at(6)}\n"


def test_a_pull_that_was_cut_repeats_its_stretch(office: Office, till: TillEnd, tmp_path: Path) -> None:
    sell(office, till, "r-1")
    pulled = pull(office, tmp_path)
    whole = content(tmp_path / pulled.folders[0])
    (tmp_path / "cursor").unlink()
    (tmp_path / pulled.folders[0] / "lines.ndjson").write_bytes(b"half")
    pull(office, tmp_path, after=str(tmp_path / "cursor"))
    assert content(tmp_path / pulled.folders[0]) == whole


def test_a_long_log_comes_in_stretches(office: Office, till: TillEnd, tmp_path: Path) -> None:
    sell(office, till, "r-1", "r-2", "r-3")
    pulled = pull(office, tmp_path, stretch=4)
    assert pulled.folders == [
        "000000000000-000000000004",
        "000000000004-000000000008",
        "000000000008-000000000009",
    ]
    assert pulled.rows["entries"] == 9


def test_parquet_reads_back_what_csv_and_ndjson_say(office: Office, till: TillEnd, tmp_path: Path) -> None:
    sell(office, till, "r-1", "r-2")
    folders = {
        form: tmp_path / form / pull(office, tmp_path / form, form=form).folders[0]
        for form in ("ndjson", "csv", "parquet")
    }
    for table in ("entries", "receipts", "lines", "differences"):
        told = [list(row.values()) for row in ndjson(folders["ndjson"] / f"{table}.ndjson")]
        with duckdb.connect() as other:
            read = other.read_parquet(str(folders["parquet"] / f"{table}.parquet")).fetchall()
        assert [list(row) for row in read] == told
        with (folders["csv"] / f"{table}.csv").open(newline="") as file:
            assert len(list(csv.reader(file))) == len(told) + 1


def test_no_cell_of_a_csv_runs_as_a_formula(office: Office, till: TillEnd, tmp_path: Path) -> None:
    sell(office, till, "r-1")
    folder = tmp_path / pull(office, tmp_path, form="csv").folders[0]
    with (folder / "receipts.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["store"] == "'=12"


def test_a_page_of_the_feed_is_the_same_whenever_it_is_asked_for(office: Office, till: TillEnd) -> None:
    sell(office, till, "r-1", "r-2")
    first = feed_page(office.store, START, 4)
    sell(office, till, "r-3")
    assert feed_page(office.store, START, 4) == first
    assert feed_page(office.store, cursor_at(9), 4) == ([], cursor_at(9))


@pytest.mark.parametrize("cursor", ["v1-1", "v2-000000000000", "v1-00000000000x"])
def test_a_file_that_holds_no_cursor_is_refused(office: Office, tmp_path: Path, cursor: str) -> None:
    (tmp_path / "file").write_text(cursor)
    with pytest.raises(DocumentError, match="not_a_cursor"):
        pull(office, tmp_path / "out", after=str(tmp_path / "file"))


def test_a_folder_that_cannot_be_written_is_told(office: Office, till: TillEnd, tmp_path: Path) -> None:
    sell(office, till, "r-1")
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="cannot write"):
        pull(office, tmp_path / "file" / "out")
