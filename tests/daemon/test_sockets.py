"""The doors of the agent."""

import socket
import stat
from pathlib import Path

import pytest

from agent.daemon.sockets import open_unix
from agent.errors import ConfigurationError


def test_a_door_has_exactly_the_mode_it_was_given(tmp_path: Path) -> None:
    path = tmp_path / "run" / "admin.sock"
    door = open_unix(path, mode=0o600)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    door.close()


def test_a_door_left_by_a_killed_process_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "pos.sock"
    open_unix(path, mode=0o660).close()
    assert path.exists()
    door = open_unix(path, mode=0o660)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
        assert caller.connect_ex(str(path)) == 0
    door.close()


def test_a_second_daemon_is_told_that_the_door_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "pos.sock"
    door = open_unix(path, mode=0o660)
    with pytest.raises(ConfigurationError, match="another process answers"):
        open_unix(path, mode=0o660)
    door.close()


def test_a_file_in_the_way_is_never_removed(tmp_path: Path) -> None:
    path = tmp_path / "pos.sock"
    path.write_text("somebody's notes")
    with pytest.raises(ConfigurationError, match="no socket"):
        open_unix(path, mode=0o660)
    assert path.read_text() == "somebody's notes"
