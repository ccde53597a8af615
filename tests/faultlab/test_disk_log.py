"""The model of a power cut: what may be missing after it, and what may not."""

import pytest

from tests.faultlab.disk_log import Op, Search, crash_states

WRITTEN = [Op("create", "a"), Op("write", "a", 0, b"new"), Op("ack", "x")]


def wakes(log: list[Op], *, metadata: str = "journalled") -> set[frozenset[tuple[str, bytes]]]:
    """Return every disk that a cut at the end of the log may leave."""
    states = crash_states(log, Search(metadata=metadata))
    return {frozenset(one.files.items()) for one in states if one.position == len(log) - 1}


def disk(**files: bytes) -> frozenset[tuple[str, bytes]]:
    return frozenset(files.items())


def test_what_was_never_synced_may_be_missing_or_there() -> None:
    assert wakes(WRITTEN) == {disk(), disk(a=b""), disk(a=b"new")}


def test_what_was_synced_is_there() -> None:
    assert wakes([*WRITTEN, Op("sync", "a"), Op("ack", "x")]) == {disk(a=b"new")}


def test_a_synced_file_may_lose_its_name_unless_the_folder_was_synced_as_well() -> None:
    synced = [*WRITTEN, Op("sync", "a"), Op("ack", "x")]
    assert wakes(synced, metadata="posix") == {disk(), disk(a=b"new")}
    assert wakes([*synced, Op("sync_directory"), Op("ack", "x")], metadata="posix") == {disk(a=b"new")}


def test_a_renamed_file_has_the_old_name_or_the_new_one() -> None:
    log = [*WRITTEN, Op("sync", "a"), Op("rename", "a", target="b"), Op("ack", "x")]
    assert wakes(log) == {disk(a=b"new"), disk(b=b"new")}


def test_names_reach_a_journalled_disk_in_their_order() -> None:
    log = [Op("create", "a"), Op("create", "b"), Op("ack", "x")]
    assert disk(b=b"") not in wakes(log)
    assert disk(b=b"") in wakes(log, metadata="posix")


def test_a_long_write_may_arrive_in_part() -> None:
    page = bytes([1]) * 4096
    log = [Op("create", "a"), Op("sync", "a"), Op("write", "a", 0, page)]
    sizes = {len(dict(one)["a"].replace(b"\0", b"")) for one in wakes(log)}
    assert sizes - {0, 4096}, "some state has only some of its sectors"


@pytest.mark.parametrize("kind", ["attempt", "fail"])
def test_a_claim_or_a_refused_call_changes_no_disk(kind: str) -> None:
    assert list(crash_states([Op(kind, "x")], Search())) == []
