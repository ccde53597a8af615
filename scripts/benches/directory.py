"""Six million members on a till: `scripts/bench directory`.

Card to decision beside one SQLite get of the same file, a snapshot put to use, a night's changes taken in
while sales go on.  The members are made up, each with one card and one lot; their file is the real one.
"""

import statistics
import threading
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from random import Random

from agent.clock import SystemClock, random_id
from agent.headoffice.store.directory_file import Listed, write_directory
from agent.journal.directory import card_key, file_name, member_key
from agent.journal.entry import Draft
from agent.journal.tag import tag_of
from agent.ledger.arriving import Piece
from agent.ledger.directory import Directory
from agent.ledger.ledger import Ledger, open_ledger
from agent.ledger.transaction import Transaction
from agent.ledger.writer import NEWS
from agent.loyalty.compact import compact, expand
from agent.loyalty.member import Lot, MemberFacts, WalletFacts
from agent.sync.pull import pieces
from agent.sync.wire import Delta, MemberRow
from scripts.benches.figures import Line, line, percentile

MEMBERS = 6_000_000
FLEET_KEY = b"k" * 32
CURSOR = MEMBERS
ASKED = 3000
CHANGED = 50_000
PAGE = 200
PAUSE_S = 0.01
"""A sale comes after a pause of up to so much, some two hundred while the news are taken in."""
UNTIL = date(2027, 12, 31)


def measure(folder: Path, members: int = MEMBERS) -> list[Line]:
    """Return bench lines; making the file takes a minute and a gigabyte."""
    state = folder / "state"
    ledger = open_ledger(state, clock=SystemClock(), new_id=random_id)
    try:
        (folder / "made").mkdir()
        made = folder / "made" / file_name(CURSOR)
        write_directory(made, CURSOR, listed(members))
        lines = [line("directory_size", made.stat().st_size / 2**20, "members", None, unit="MiB")]
        lines += _arrival(ledger, made)
        lines += _cards(ledger, members)
        lines += _deltas(ledger, members)
        return lines
    finally:
        ledger.close()


def name_of(number: int) -> str:
    """Return a pseudonym as head office would draw it: 24 characters."""
    return f"m{number * 2654435761 % 2**60:023x}"


def facts_of(number: int) -> MemberFacts:
    """Return what a usual member has."""
    lot = Lot("import", number % 5000, None, UNTIL)
    return MemberFacts(name_of(number), wallets={"points": WalletFacts([lot])})


def tag(number: int) -> bytes:
    """Return the tag of a member's card."""
    return tag_of("card", f"299{number:010d}", FLEET_KEY)


def listed(members: int) -> Iterator[Listed]:
    """Yield every member with one card."""
    for number in range(members):
        yield Listed(name_of(number), number, compact(facts_of(number)), [(tag(number), False)])


def _arrival(ledger: Ledger, made: Path) -> list[Line]:
    """Time what is left to do after the last byte: flush, rename, open, first row."""
    from hashlib import sha256  # noqa: PLC0415

    contents = made.read_bytes()
    size = 4 * 2**20
    cut = [contents[start : start + size] for start in range(0, len(contents), size)]
    arriving = ledger.arriving(CURSOR, [Piece(sha256(one).hexdigest(), len(one)) for one in cut])
    for one in cut[:-1]:
        arriving.add(one)
    begun = time.perf_counter()
    arriving.add(cut[-1])
    directory = arriving.finish()
    ledger.write(lambda tx: tx.use_directory(CURSOR)).result()
    ledger.put_directory(directory)
    assert ledger.read.member_of(tag(1)) is not None
    usable_s = time.perf_counter() - begun
    return [line("directory_usable", usable_s, "3 s after the last byte", 3.0, unit="s", goal=1.0)]


def _cards(ledger: Ledger, members: int) -> list[Line]:
    """Time card to decision (whose, status, facts of today) in turn with one bare get of a row, decoded.

    Ours needs two rows of the file, the card's and the member's, and asks the ledger what is newer; the
    bare get knows the member's key and asks for that row alone.  Each has its connection and a cache of
    8 MB, and the leaf page that it wants is hardly ever in it: a hundred times as much lies in the file.
    """
    chance, day = Random(1), datetime.now(UTC).date()
    # The bare get asks for somebody else: the page that we have just read would flatter it.
    asked = [(chance.randrange(members), chance.randrange(members)) for _ in range(ASKED)]
    directory = Directory(ledger.read._shelf.directory._path)  # type: ignore[union-attr]  # noqa: SLF001
    ours, bare = [], []
    for number, other in asked:
        card, key = tag(number), member_key(name_of(other))
        begun = time.perf_counter()
        found = ledger.read.member_of(card)
        assert found is not None
        facts = ledger.read.facts(found.member, day)
        ours.append((time.perf_counter() - begun) * 1000)
        assert facts is not None
        begun = time.perf_counter()
        row = directory._db.execute("SELECT version, facts FROM member WHERE key = ?", (key,)).fetchone()  # noqa: SLF001
        known = expand(row[1])
        bare.append((time.perf_counter() - begun) * 1000)
        assert known.member == name_of(other)
    directory.close()
    assert card_key(tag(0))[0] > 0
    p50, limit = statistics.median(ours), statistics.median(bare)
    return [
        line("directory_card_p50", p50, "card to decision in 0.1 ms", 0.1, goal=1.0),
        line("directory_card_get", p50, "one SQLite get of a member's row, decoded", limit, goal=3.0),
        line("directory_card_p99", percentile(ours, 99), "one SQLite get, p99", percentile(bare, 99)),
    ]


def _deltas(ledger: Ledger, members: int) -> list[Line]:
    """Take two nights' changes in: members in their order, as lists have them, and as sales meet them."""
    chance = Random(2)
    chosen = chance.sample(range(members), min(2 * CHANGED, members // 2))
    half = len(chosen) // 2
    lines = _delta(ledger, sorted(chosen[:half], key=name_of), chance)
    mixed = _delta(ledger, chosen[half:], chance)
    for one in mixed:
        one.update(name=f"{one['name']}_mixed", goal=None, ok=True)
    return [*lines, *mixed]


def _delta(ledger: Ledger, numbers: list[int], chance: Random) -> list[Line]:
    """Take news in while another thread sells at moments of its own; both times with the other."""
    rows = [
        MemberRow(name_of(number), CURSOR + number + 1, [tag(number)], facts_of(number)) for number in numbers
    ]
    sales: list[float] = []
    taken_in = threading.Event()

    def sell() -> None:
        while not taken_in.is_set():
            time.sleep(chance.uniform(0, PAUSE_S))
            begun = time.perf_counter()
            ledger.write(_sale(f"sale-{numbers[0]}-{len(sales)}")).result()
            sales.append((time.perf_counter() - begun) * 1000)

    seller = threading.Thread(target=sell)
    begun = time.perf_counter()
    seller.start()
    for start in range(0, len(rows), PAGE):
        page = Delta(CURSOR, CURSOR, more=True, booked_seq=-1, members=rows[start : start + PAGE])
        for piece in pieces(page):
            ledger.write(lambda tx, piece=piece: tx.apply_delta(piece), lane=NEWS).result()  # type: ignore[misc]
    seconds = time.perf_counter() - begun
    taken_in.set()
    seller.join()
    return [
        line("delta_50k", seconds, f"{len(rows)} members in 1.5 s", 1.5, unit="s", goal=1.0),
        line("delta_sale_p50", statistics.median(sales), f"{len(sales)} sales meanwhile", None),
        line("delta_sale_p99", percentile(sales, 99), "a sale meanwhile in 10 ms", 10.0, goal=1.0),
    ]


def _sale(receipt: str):  # type: ignore[no-untyped-def]  # noqa: ANN202
    def change(tx: Transaction) -> None:
        tx.append(Draft("RECEIPT", receipt=receipt, account="m", data={"basket": {"lines": []}}))
        tx.append(Draft("EARN", receipt=receipt, part="points/", account="m", unit="points", amount=7))

    return change
