"""Copy what head office decided itself into fresh books, and compare what is derived from the journals."""

from collections.abc import Iterator, Sequence
from typing import Any

from agent.headoffice.store.protocol import Store

KEPT = (
    "setting",
    "till",
    "till_key",
    "incarnation",
    "member",
    "card",
    "allowance",
    "allowance_lot",
    "programme",
)
# Whether a till was behind, and what was known of members and programmes, depends on when something was
# booked beside what head office did meanwhile: history, not derivation.
COMPARED = {
    "entry": "SELECT position, incarnation, seq, kind, receipt, part, account, unit, amount, body, hash,"
    " accepted_ms, parked FROM entry ORDER BY position",
    "lot": "SELECT * FROM lot WHERE remaining <> 0 OR opened <> 0 ORDER BY member, wallet, lot",
    "counted": "SELECT * FROM counted ORDER BY member, rule",
    "voucher": "SELECT * FROM voucher ORDER BY member, id",
    "receipt": "SELECT * FROM receipt ORDER BY receipt",
    "measured": "SELECT * FROM measured WHERE amount <> 0 OR opening <> 0 ORDER BY member, measure",
    "noted": "SELECT * FROM noted ORDER BY member, rule, at_ms, incarnation, seq",
    "capped": "SELECT * FROM capped WHERE given <> 0 ORDER BY programme, rule",
    "receipt_spent": "SELECT * FROM receipt_spent ORDER BY receipt, place",
    "movement": "SELECT * FROM movement ORDER BY incarnation, seq, lot",
    "receipt_rule": "SELECT * FROM receipt_rule ORDER BY receipt, rule",
    "allowance": "SELECT incarnation, number, issued, state, parent, holder, told, home, given_back"
    " FROM allowance ORDER BY incarnation, number",
    "incarnation": "SELECT incarnation, state FROM incarnation"
    " WHERE state IN ('WRITTEN_OFF', 'WIPED') ORDER BY incarnation",
    "allowance_lot": "SELECT * FROM allowance_lot ORDER BY incarnation, number, lot",
    "prompt": "SELECT * FROM prompt ORDER BY incarnation, seq",
    "consent": "SELECT * FROM consent ORDER BY incarnation, seq",
    "settlement": "SELECT * FROM settlement ORDER BY id",
    "difference": "SELECT incarnation, seq, receipt, kind, detail, settled FROM difference WHERE kind NOT IN"
    " ('facts_stale', 'unknown_member', 'programme_unknown') ORDER BY incarnation, seq, kind, detail",
}


def copy_decisions(source: Store, target: Store, genesis_of: dict[str, bytes]) -> None:
    """Fill fresh books with everything that no journal says; nothing is booked in them yet."""
    with target.writing():
        target.run("DELETE FROM setting")
        for table in KEPT:
            _copy(source, target, table, f"SELECT * FROM {table}")  # noqa: S608 - names of our own
        _copy(source, target, "lot", "SELECT * FROM lot WHERE imported = 1")
        _copy(source, target, "voucher", "SELECT * FROM voucher WHERE imported = 1")
        _copy(source, target, "measured", "SELECT * FROM measured WHERE opening <> 0")
        target.run("UPDATE lot SET remaining = opened")
        target.run("UPDATE measured SET amount = opening")
        target.run("UPDATE voucher SET given = 1, used = 0")
        target.run("UPDATE allowance SET state = 'OPEN'")
        target.run("UPDATE incarnation SET state = 'FENCED' WHERE state IN ('WRITTEN_OFF', 'WIPED')")
        target.run("UPDATE allowance_lot SET spent = 0, passed = 0")
        # What pools lend stands in their journals.
        target.run(
            "DELETE FROM allowance_lot WHERE EXISTS (SELECT 1 FROM allowance a WHERE a.parent > 0"
            " AND a.incarnation = allowance_lot.incarnation AND a.number = allowance_lot.number)"
        )
        target.run("DELETE FROM allowance WHERE parent > 0")
        for incarnation, genesis in genesis_of.items():
            target.run(
                "UPDATE incarnation SET booked_seq = 0, booked_hash = ? WHERE incarnation = ?",
                (genesis, incarnation),
            )


def unequal_tables(left: Store, right: Store) -> Iterator[str]:
    """Name each derived table that differs, with the first row that does."""
    for table, query in COMPARED.items():
        ours, theirs = left.rows(query), right.rows(query)
        for number, (one, other) in enumerate(zip(ours, theirs, strict=False)):
            if tuple(one) != tuple(other):
                yield f"{table}: row {number} is {_shown(one)}, from the journals {_shown(other)}"
                break
        else:
            if len(ours) != len(theirs):
                yield f"{table}: {len(ours)} rows, from the journals {len(theirs)}"


def _copy(source: Store, target: Store, table: str, query: str) -> None:
    rows = source.rows(query)
    if rows:
        columns = list(rows[0].keys())
        marks = ", ".join("?" * len(columns))
        sql = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608 - names of our own
        target.run_many(sql, [tuple(row) for row in rows])


def _shown(row: Sequence[Any]) -> str:
    return ", ".join("…" if isinstance(value, bytes) else str(value)[:60] for value in row)
