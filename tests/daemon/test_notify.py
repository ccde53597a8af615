"""What systemd hears."""

import socket
from pathlib import Path

from agent.daemon.notify import Notifier


def test_each_message_is_one_datagram_in_the_managers_words(tmp_path: Path) -> None:
    address = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(address))
        manager.settimeout(5)
        notifier = Notifier(str(address))
        notifier.ready("selling")
        notifier.alive()
        notifier.stopping()
        heard = [manager.recv(256) for _ in range(3)]
    assert heard == [b"READY=1\nSTATUS=selling", b"WATCHDOG=1", b"STOPPING=1"]


def test_a_manager_that_went_away_stops_nothing(tmp_path: Path) -> None:
    notifier = Notifier(str(tmp_path / "nobody"))
    notifier.ready("selling")
    Notifier("").alive()
    assert not (tmp_path / "nobody").exists()
