"""Write a small file of secrets so that a cut leaves the old one or the new one, never a part."""

import os
from pathlib import Path


def write_secret(path: Path, content: bytes) -> None:
    """Write `content` under a temporary name, readable by its owner alone, flush it, and rename.

    The name itself is durable once the caller has flushed the folder (`flush_folder`).

    Raises:
        OSError: the folder cannot be written.
    """
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def flush_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
