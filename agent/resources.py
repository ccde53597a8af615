"""Find the files that travel with the program: the programmes it ships.

In a wheel they are package data (``agent/programmes``, see pyproject.toml); in a checkout and in an editable
install they are the folder ``config/programmes`` beside the package, so an edit is seen at once.
"""

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from agent.errors import ConfigurationError


def programmes_folder() -> Traversable:
    """Give the folder that holds the shipped programmes.

    Raises:
        ConfigurationError: the installation is incomplete and holds no programmes.
    """
    checkout = Path(__file__).resolve().parent.parent / "config" / "programmes"
    packaged = files("agent") / "programmes"
    for folder in (checkout, packaged):
        if folder.is_dir():
            return folder
    raise ConfigurationError(f"no shipped programmes in {packaged}", remedy="install loyalty-agent anew")


def shipped_programmes() -> dict[str, Traversable]:
    """Give every shipped programme file by its name without ``.toml``, in the order of the names."""
    found = (entry for entry in programmes_folder().iterdir() if entry.name.endswith(".toml"))
    return dict(sorted((entry.name.removesuffix(".toml"), entry) for entry in found))
