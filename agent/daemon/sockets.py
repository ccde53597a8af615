"""The doors: handed over by systemd by name, or opened here when nobody does (development, demo)."""

import contextlib
import grp
import os
import socket
import stat
from pathlib import Path

from agent.errors import ConfigurationError

_FIRST_HANDED_OVER = 3  # SD_LISTEN_FDS_START, sd_listen_fds(3)
POS_GROUP = "loyalty-pos"


def handed_over() -> dict[str, socket.socket]:
    """Return the sockets that systemd opened for this process, by FileDescriptorName."""
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        return {}
    names = os.environ.get("LISTEN_FDNAMES", "").split(":")
    count = int(os.environ.get("LISTEN_FDS", "0"))
    return {
        name: socket.socket(fileno=_FIRST_HANDED_OVER + index) for index, name in enumerate(names[:count])
    }


def open_unix(path: Path, *, mode: int, group: str | None = None) -> socket.socket:
    """Open a listening Unix socket with this mode and, where the group exists, its group.

    A socket that a killed process left behind is replaced; one that still answers is somebody's.

    Raises:
        ConfigurationError: another process listens there, or the folder cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_stale(path)
        door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        before = os.umask(0o777 & ~mode)
        try:
            door.bind(str(path))
        finally:
            os.umask(before)
    except OSError as failure:
        raise ConfigurationError(
            f"cannot open the door {path}: {failure.strerror}",
            remedy="choose paths.run, or start as the service",
        ) from None
    if group is not None:
        with contextlib.suppress(KeyError, PermissionError):
            os.chown(path, -1, grp.getgrnam(group).gr_gid)
    door.listen(64)
    return door


def _remove_stale(path: Path) -> None:
    if not path.exists():
        return
    if not stat.S_ISSOCK(path.stat().st_mode):
        raise ConfigurationError(f"{path} is there and is no socket", remedy="move it away")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        if probe.connect_ex(str(path)) == 0:
            raise ConfigurationError(f"another process answers at {path}", remedy="stop it first")
    path.unlink()


def loopback_tokens(path: Path) -> dict[str, str]:
    """Read the loopback clients: a name and a token a line."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as failure:
        raise ConfigurationError(
            f"the loopback door needs {path}: {failure.strerror}", remedy="write one `name token` a line"
        ) from None
    pairs = [line.split() for line in lines if line.strip() and not line.startswith("#")]
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2}  # noqa: PLR2004
