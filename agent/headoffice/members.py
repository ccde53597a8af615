"""Members: import from a file, look one up, block a card or a person; card numbers become tags at once."""

import csv
import io
import json
import re
from datetime import date
from typing import NamedTuple

from agent.errors import DocumentError, Mistake, Refused
from agent.headoffice.office import Office
from agent.journal.tag import tag_of
from agent.loyalty.member import CountFacts, Lot, MemberFacts, Voucher, WalletFacts
from agent.sync.wire import MemberRow

COLUMNS = ("member", "card", "segments", "tier", "wallet", "balance", "expires_on", "vouchers")
_NAME = re.compile(r"^[A-Za-z0-9._~-]{1,64}$")
_CARD = re.compile(r"^[0-9A-Z]{4,64}$")
MAX_BALANCE = 10_000_000_000


class Imported(NamedTuple):
    """One row of an import, checked."""

    member: str
    card: str
    segments: list[str]
    tier: str
    wallet: str
    balance: int
    expires_on: str
    vouchers: list[tuple[str, str]]


def read_members(text: str) -> list[Imported]:
    """Read a CSV with the columns of `COLUMNS` (member and card required; lists joined by ";").

    A voucher is written `name:id`.  A member may have several rows, one per card.

    Raises:
        DocumentError: every bad row and unknown column at once; nothing was imported.
    """
    reader = csv.DictReader(io.StringIO(text, newline=""))
    mistakes: list[Mistake] = []
    names = reader.fieldnames or []
    for name in names:
        if name not in COLUMNS:
            mistakes.append(
                Mistake("line 1", "unknown_column", {"column": name}, f"known: {', '.join(COLUMNS)}")
            )
    for name in ("member", "card"):
        if name not in names:
            mistakes.append(Mistake("line 1", "missing_column", {"column": name}, f"add a column {name!r}"))
    rows = [] if mistakes else [_read_row(reader.line_num, row, mistakes) for row in reader]
    if mistakes:
        raise DocumentError("member import", mistakes[:100])
    return [row for row in rows if row is not None]


def import_members(office: Office, rows: list[Imported]) -> int:
    """Write checked rows; importing the same file again changes nothing.  Return how many members."""
    with office.db.writing():
        for row in rows:
            _import_one(office, row)
    return len({row.member for row in rows})


def find_member(office: Office, name: str) -> str:
    """Return the member with this id or this card number.

    Raises:
        Refused: nobody.
    """
    if office.db.row("SELECT 1 FROM member WHERE member = ?", (name,)):
        return name
    row = office.db.row("SELECT member FROM card WHERE tag = ?", (tag_of("card", name, office.fleet_key),))
    if row is None:
        raise Refused("member_unknown", "no member has this id or card", remedy="check the number")
    return str(row["member"])


def block(office: Office, name: str, reason: str) -> str:
    """Block a card by its number, or a whole member by id; return what was blocked.

    Raises:
        Refused: nobody.
    """
    tag = tag_of("card", name, office.fleet_key)
    with office.db.writing():
        card = office.db.row("SELECT member FROM card WHERE tag = ?", (tag,))
        if card is not None:
            office.db.run("UPDATE card SET blocked = 1 WHERE tag = ?", (tag,))
            touch(office, {str(card["member"])})
            return f"card of member {card['member']}"
        changed = office.db.run(
            "UPDATE member SET status = 'blocked', reason = ? WHERE member = ?", (reason, name)
        )
        if not changed:
            raise Refused("member_unknown", "no member has this id or card", remedy="check the number")
        touch(office, {name})
    return f"member {name}"


def touch(office: Office, members: set[str]) -> None:
    """Give changed members a new version, so that tills hear of them; inside a transaction."""
    for member in sorted(members):
        office.db.run("UPDATE member SET version = ? WHERE member = ?", (office.next_change(), member))


def facts_of(office: Office, member: str) -> MemberFacts | None:
    """Return what head office knows of a member, as evaluation would see it."""
    db = office.db
    row = db.row("SELECT * FROM member WHERE member = ?", (member,))
    if row is None:
        return None
    wallets: dict[str, list[Lot]] = {}
    for lot in db.rows(
        "SELECT * FROM lot WHERE member = ? AND remaining != 0 ORDER BY wallet, expires_on = '', expires_on, lot",
        (member,),
    ):
        wallets.setdefault(lot["wallet"], []).append(_lot(lot))
    counts = {
        one["rule"]: CountFacts(one["position"], _day(one["day"]), one["today"], one["lifetime"])
        for one in db.rows("SELECT * FROM counted WHERE member = ? ORDER BY rule", (member,))
    }
    vouchers = [
        Voucher(one["voucher"], one["id"], _day(one["active_from"]), _day(one["expires_on"]))
        for one in db.rows("SELECT * FROM voucher WHERE member = ? AND used = 0 ORDER BY id", (member,))
    ]
    return MemberFacts(
        member=member,
        status=row["status"],
        tier=row["tier"],
        segments=json.loads(row["segments"]),
        wallets={wallet: WalletFacts(lots) for wallet, lots in wallets.items()},
        counts=counts,
        vouchers=vouchers,
    )


def row_of(office: Office, member: str) -> MemberRow | None:
    """Return a member as tills keep it."""
    facts = facts_of(office, member)
    if facts is None:
        return None
    version = office.db.row("SELECT version FROM member WHERE member = ?", (member,))["version"]
    cards = office.db.rows("SELECT tag, blocked FROM card WHERE member = ? ORDER BY tag", (member,))
    return MemberRow(
        member=member,
        version=version,
        card_tags=[bytes(card["tag"]) for card in cards],
        facts=facts,
        blocked_tags=[bytes(card["tag"]) for card in cards if card["blocked"]],
    )


def member_with_tag(office: Office, tag: bytes) -> MemberRow | None:
    """Return whose card this is."""
    row = office.db.row("SELECT member FROM card WHERE tag = ?", (tag,))
    return None if row is None else row_of(office, str(row["member"]))


def _read_row(line: int, row: dict[str, str | None], mistakes: list[Mistake]) -> Imported | None:
    before = len(mistakes)
    values = {name: (row.get(name) or "").strip() for name in COLUMNS}
    if not _NAME.match(values["member"]):
        mistakes.append(
            Mistake(f"line {line}", "bad_member", {}, "use letters, digits and . _ ~ -, 64 at most")
        )
    if not _CARD.match(values["card"]):
        mistakes.append(Mistake(f"line {line}", "bad_card", {}, "use digits and capitals, 4 to 64"))
    balance = values["balance"] or "0"
    if not balance.isdigit() or int(balance) > MAX_BALANCE:
        mistakes.append(
            Mistake(f"line {line}", "bad_balance", {"given": balance}, "a whole number, 0 or more")
        )
    elif int(balance) and not values["wallet"]:
        mistakes.append(Mistake(f"line {line}", "missing_wallet", {}, "name the wallet of the balance"))
    try:
        _day(values["expires_on"])
    except ValueError:
        mistakes.append(
            Mistake(f"line {line}", "bad_date", {"given": values["expires_on"]}, "write 2027-01-31")
        )
    vouchers = [one.partition(":")[::2] for one in values["vouchers"].split(";") if one]
    if any(not (_NAME.match(name) and _NAME.match(one)) for name, one in vouchers):
        mistakes.append(Mistake(f"line {line}", "bad_voucher", {}, "write name:id;name:id"))
    if len(mistakes) > before:
        return None
    return Imported(
        values["member"],
        values["card"],
        sorted({one for one in values["segments"].split(";") if one}),
        values["tier"],
        values["wallet"],
        int(balance),
        values["expires_on"],
        vouchers,
    )


def _import_one(office: Office, row: Imported) -> None:
    db = office.db
    segments = json.dumps(row.segments)
    changed = db.run(
        "INSERT INTO member (member, status, tier, segments, version) VALUES (?, 'active', ?, ?, 0)"
        " ON CONFLICT (member) DO UPDATE SET tier = excluded.tier, segments = excluded.segments"
        " WHERE tier != excluded.tier OR segments != excluded.segments",
        (row.member, row.tier, segments),
    )
    changed += db.run(
        "INSERT INTO card (tag, member) VALUES (?, ?) ON CONFLICT (tag) DO UPDATE SET member = excluded.member"
        " WHERE member != excluded.member",
        (tag_of("card", row.card, office.fleet_key), row.member),
    )
    if row.balance:
        changed += db.run(
            "INSERT OR IGNORE INTO lot VALUES (?, ?, 'opening', ?, ?, ?, '', ?, '')",
            (row.member, row.wallet, row.balance, row.balance, row.balance, row.expires_on),
        )
    for voucher, identifier in row.vouchers:
        changed += db.run(
            "INSERT OR IGNORE INTO voucher VALUES (?, ?, ?, '', ?, 0)",
            (row.member, identifier, voucher, row.expires_on),
        )
    if changed:
        touch(office, {row.member})


def _lot(row: dict[str, str]) -> Lot:
    return Lot(
        lot=row["lot"],
        amount=int(row["remaining"]),
        active_from=_day(row["active_from"]),
        expires_on=_day(row["expires_on"]),
    )


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
