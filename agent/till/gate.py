"""The gate for card reads: open while goods are scanned, closed while the customer pays.

A read at a closed gate is late, not lost: it is shown, and may be attached to a receipt by a person.
The same number again within a blink is the same swipe.
"""

from typing import Literal

DEBOUNCE_NS = 800_000_000
CONTACTLESS_NS = 1_500_000_000
"""A card that lies in the field is seen again by itself."""
ANY_DEVICE_NS = 300_000_000
"""A card with a chip and a stripe, or a code seen by two scanners, is one customer."""
Verdict = Literal["accepted", "late", "repeated"]


class Gate:
    """Decides about each read; times are the monotonic clock of the readers, in nanoseconds."""

    def __init__(self) -> None:
        self.accepting = True
        self.suppressed = 0
        self.open_receipt = ""
        self._lapses_ns: int | None = None
        self._last: dict[str, tuple[str, int]] = {}

    def judge(self, device: str, value: str, read_at_ns: int, *, is_contactless: bool = False) -> Verdict:
        """Say what becomes of one read.

        >>> gate = Gate()
        >>> gate.judge("scanner", "299", 0), gate.judge("scanner", "299", 700_000_000)
        ('accepted', 'repeated')
        """
        is_repeated = self._is_repeated(device, value, read_at_ns, is_contactless=is_contactless)
        self._last[device] = (value, read_at_ns)
        if is_repeated:
            self.suppressed += 1
            return "repeated"
        if self._lapses_ns is not None and read_at_ns >= self._lapses_ns:
            self.reopen()
        return "accepted" if self.accepting else "late"

    def _is_repeated(self, device: str, value: str, read_at_ns: int, *, is_contactless: bool) -> bool:
        for other, (known, at_ns) in self._last.items():
            within_ns = ANY_DEVICE_NS
            if other == device:
                within_ns = CONTACTLESS_NS if is_contactless else DEBOUNCE_NS
            if known == value and read_at_ns - at_ns < within_ns:
                return True
        return False

    def close(self, receipt_id: str, *, until_ns: int | None = None) -> None:
        """Close it for the payment of this receipt, at most until its hold lapses."""
        self.accepting, self.open_receipt, self._lapses_ns = False, receipt_id, until_ns

    def reopen(self, receipt_id: str | None = None) -> None:
        """Open it for the next customer, who may well carry the same card: only then is it a new swipe.

        With a receipt named, not if it was closed for another one: repeating or cancelling an older sale
        lets no card onto the sale that is being paid.
        """
        if receipt_id is None or self.open_receipt in {"", receipt_id}:
            self.accepting, self.open_receipt, self._lapses_ns = True, "", None
            self._last.clear()
