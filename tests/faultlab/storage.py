"""The real folder under test: the till's own storage, so that the lab runs production code."""

from pathlib import Path

from agent.ledger.storage import DiskStorage


class DirectoryStorage(DiskStorage):
    """`contract.Storage` on a folder; the ledger's lock and witness lie in it as well."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.folder = folder
