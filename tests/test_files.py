"""Small files of secrets."""

import stat
from pathlib import Path

import pytest

from agent.files import flush_folder, write_secret


def test_a_secret_is_its_owners_alone_and_replaces_the_old_one_whole(tmp_path: Path) -> None:
    path = tmp_path / "till.key"
    (tmp_path / "till.key.new").write_bytes(b"what a cut left behind")
    for content in (b"old", b"new"):
        write_secret(path, content)
        flush_folder(tmp_path)
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["till.key"]


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_secret(tmp_path / "absent" / "till.key", b"x")
