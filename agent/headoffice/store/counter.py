"""What tills tell of people: outcomes of prompts, consents, sealed personal data in a table of its own."""

from collections.abc import Sequence
from typing import Any

from agent.headoffice.store.protocol import Row, Store

PROMPTS = """
SELECT code, rule, cashier, count(*) AS shown,
    sum(CASE WHEN outcome = 'taken' THEN 1 ELSE 0 END) AS taken,
    sum(CASE WHEN outcome = 'declined' THEN 1 ELSE 0 END) AS declined
FROM prompt GROUP BY code, rule, cashier ORDER BY code, rule, cashier
"""
"""What was taken or declined was shown, too."""


def put_prompt(store: Store, key: tuple[str, int], told: tuple[str, str, str, str, str]) -> None:
    """Keep one outcome; `told` is (receipt, code, rule, cashier, outcome)."""
    store.run(
        "INSERT INTO prompt (incarnation, seq, receipt, code, rule, cashier, outcome)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (*key, *told),
    )


def put_consent(
    store: Store, key: tuple[str, int], member: str, told: tuple[str, int, str, str, str]
) -> None:
    """Keep one consent; `told` is (purpose, granted, text version, channel, at)."""
    store.run(
        "INSERT INTO consent (incarnation, seq, member, purpose, granted, text_version, channel, at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (*key, member, *told),
    )


def consents_of(store: Store, member: str) -> Sequence[Row]:
    """Return the last word of a member on each purpose."""
    return store.rows(
        "SELECT purpose, granted, text_version, channel, at FROM consent c WHERE member = ? AND NOT EXISTS ("
        " SELECT 1 FROM consent d WHERE d.member = c.member AND d.purpose = c.purpose"
        " AND (d.at, d.incarnation, d.seq) > (c.at, c.incarnation, c.seq)) ORDER BY purpose",
        (member,),
    )


def put_person(store: Store, digest: str, member: str, sealed: bytes) -> None:
    """Keep sealed personal data of a member; the same again changes nothing."""
    store.run(
        "INSERT INTO person (digest, member, sealed) VALUES (?, ?, ?) ON CONFLICT (digest) DO NOTHING",
        (digest, member, sealed),
    )


def persons_of(store: Store, member: str) -> list[bytes]:
    """Return what is kept of a member, still sealed."""
    rows = store.rows("SELECT sealed FROM person WHERE member = ? ORDER BY digest", (member,))
    return [bytes(row["sealed"]) for row in rows]


TABLES = """
CREATE TABLE prompt (
    incarnation TEXT NOT NULL, seq INTEGER NOT NULL, receipt TEXT NOT NULL, code TEXT NOT NULL,
    rule TEXT NOT NULL, cashier TEXT NOT NULL, outcome TEXT NOT NULL, PRIMARY KEY (incarnation, seq)
) WITHOUT ROWID;
CREATE TABLE consent (
    incarnation TEXT NOT NULL, seq INTEGER NOT NULL, member TEXT NOT NULL, purpose TEXT NOT NULL,
    granted INTEGER NOT NULL, text_version TEXT NOT NULL, channel TEXT NOT NULL, at TEXT NOT NULL,
    PRIMARY KEY (incarnation, seq)
) WITHOUT ROWID;
CREATE INDEX consent_member ON consent (member);
CREATE TABLE person (digest TEXT PRIMARY KEY, member TEXT NOT NULL, sealed BLOB NOT NULL) WITHOUT ROWID;
CREATE INDEX person_member ON person (member)
"""


def add_counter_tables(db: Any) -> None:
    """Make the tables (a step of migrations.py)."""
    for statement in TABLES.split(";\n"):
        db.execute(statement)
