"""How things stand with head office, in words that cost no import of the network."""

from dataclasses import dataclass


@dataclass(slots=True)
class SyncState:
    """For status and screens; `reason` says why head office is away."""

    online: bool = False
    last_contact_ms: int = 0
    epoch: int = 0
    fenced: bool = False
    alarm: str = ""
    reason: str = ""
