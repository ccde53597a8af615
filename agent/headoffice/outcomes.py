"""What booking an entry can come to besides having its effect."""


class Parked(Exception):  # noqa: N818 - an outcome, no fault of ours
    """This entry is kept without effect; `kind` says why in a word, the message in a sentence."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Waiting(Exception):  # noqa: N818 - as Parked
    """This entry undoes one that has not arrived yet; it takes effect right after that one."""
