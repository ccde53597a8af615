"""The figures head office looks at: one SQL text each, unchanged on SQLite, DuckDB and PostgreSQL.

Only group by, sum, count and count(distinct) are used; shares and averages are divided in Python.
"""

IDENTIFIED_BY_SHOP = """
SELECT store, count(*) AS receipts, sum(CASE WHEN member <> '' THEN 1 ELSE 0 END) AS identified
FROM receipt WHERE state <> 'voided' GROUP BY store ORDER BY store
"""
IDENTIFIED_BY_CASHIER = """
SELECT store, cashier, count(*) AS receipts, sum(CASE WHEN member <> '' THEN 1 ELSE 0 END) AS identified
FROM receipt WHERE state <> 'voided' GROUP BY store, cashier ORDER BY store, cashier
"""
IDENTIFIED_BY_DAY = """
SELECT substr(receipt.at, 1, 10) AS day, count(*) AS receipts,
    sum(CASE WHEN member <> '' THEN 1 ELSE 0 END) AS identified
FROM receipt WHERE state <> 'voided' GROUP BY substr(receipt.at, 1, 10) ORDER BY day
"""
MEMBERS_AND_OTHERS = """
SELECT currency, CASE WHEN member <> '' THEN 'members' ELSE 'others' END AS who, count(*) AS receipts,
    count(DISTINCT CASE WHEN member <> '' THEN member END) AS people, sum(items) AS items,
    sum(due_minor) AS due_minor, sum(rebate_minor) AS rebate_minor
FROM receipt WHERE state <> 'voided'
GROUP BY currency, CASE WHEN member <> '' THEN 'members' ELSE 'others' END ORDER BY currency, who
"""
POINTS_MOVED = """
SELECT unit AS wallet,
    sum(CASE WHEN kind IN ('EARN', 'GIVE', 'LOAD', 'CLAWBACK')
        OR undoes IN ('EARN', 'GIVE', 'LOAD', 'CLAWBACK') THEN amount ELSE 0 END) AS issued,
    sum(CASE WHEN kind = 'REDEEM' OR undoes = 'REDEEM' THEN -amount ELSE 0 END) AS spent,
    sum(CASE WHEN undoes <> '' THEN 1 ELSE 0 END) AS reversals
FROM (
    SELECT unit, kind, undoes, amount FROM entry WHERE unit <> '' AND parked = 0
    UNION ALL SELECT wallet, 'REVERSE', undoes, amount FROM settlement WHERE wallet <> ''
) AS moved GROUP BY unit ORDER BY unit
"""
MOVED_HERE = """
SELECT wallet, sum(CASE WHEN kind IN ('ADJUST', 'DEBT') THEN amount ELSE 0 END) AS adjusted,
    sum(CASE WHEN kind = 'EXPIRE' THEN -amount ELSE 0 END) AS breakage,
    sum(CASE WHEN kind = 'GIVE' THEN amount ELSE 0 END) AS awarded,
    sum(CASE WHEN kind = 'TRANSFER' AND amount > 0 THEN amount ELSE 0 END) AS transferred
FROM movement WHERE wallet <> '' GROUP BY wallet ORDER BY wallet
"""
TURNED = """
SELECT s.turned_into, s.wallet, count(*) AS receipts, sum(s.points) AS points,
    sum(s.amount_minor) AS amount_minor
FROM receipt_spent s JOIN receipt r ON r.receipt = s.receipt
WHERE r.state <> 'voided' AND s.turned_into <> '' GROUP BY s.turned_into, s.wallet
ORDER BY s.turned_into, s.wallet
"""
PARTNERS = """
SELECT r.partner, m.unit AS wallet,
    sum(CASE WHEN m.kind IN ('EARN', 'GIVE', 'LOAD') OR m.undoes IN ('EARN', 'GIVE', 'LOAD')
        THEN m.amount ELSE 0 END) AS issued,
    sum(CASE WHEN m.kind = 'REDEEM' OR m.undoes = 'REDEEM' THEN -m.amount ELSE 0 END) AS redeemed
FROM (
    SELECT receipt, unit, kind, undoes, amount FROM entry WHERE unit <> '' AND parked = 0 AND amount <> 0
    UNION ALL SELECT e.receipt, s.wallet, 'REVERSE', s.undoes, s.amount FROM settlement s
    JOIN entry e ON e.incarnation = s.of_incarnation AND e.seq = s.of_seq WHERE s.wallet <> ''
) AS m JOIN receipt r ON r.receipt = m.receipt
WHERE r.partner <> '' GROUP BY r.partner, m.unit ORDER BY r.partner, m.unit
"""
POINTS_HELD = """
SELECT wallet, sum(CASE WHEN imported = 1 THEN opened ELSE 0 END) AS opening,
    sum(CASE WHEN expires_on <> '' AND expires_on < ? THEN remaining ELSE 0 END) AS expired,
    sum(CASE WHEN expires_on <> '' AND expires_on < ? THEN 0 ELSE remaining END) AS outstanding,
    count(DISTINCT member) AS members
FROM lot GROUP BY wallet ORDER BY wallet
"""
TOP_RULES = """
SELECT m.rule, count(*) AS receipts, sum(m.rebate_minor) AS rebate_minor, sum(m.points) AS points
FROM receipt_rule m JOIN receipt r ON r.receipt = m.receipt WHERE r.state <> 'voided'
GROUP BY m.rule ORDER BY receipts DESC, m.rule LIMIT 10
"""
CLAIMS_BY_CASHIER = """
SELECT r.store, r.cashier, count(*) AS claims FROM entry e JOIN receipt r ON r.receipt = e.receipt
WHERE e.kind = 'CLAIM' AND e.parked = 0 GROUP BY r.store, r.cashier ORDER BY claims DESC, r.store, r.cashier
"""
RECEIPT_STATES = "SELECT state, count(*) AS receipts FROM receipt GROUP BY state ORDER BY state"
OFFLINE_RECEIPTS = "SELECT sum(offline) AS offline, count(*) AS receipts FROM receipt"
EARNED_AND_REDEEMED = """
SELECT receipt, CASE WHEN kind = 'LOAD' THEN 'EARN' ELSE kind END AS kind, unit, sum(amount) AS amount
FROM entry WHERE kind IN ('EARN', 'LOAD', 'REDEEM') AND parked = 0
    AND NOT (kind = 'REDEEM' AND EXISTS (SELECT 1 FROM receipt r
        WHERE r.receipt = entry.receipt AND r.incarnation <> entry.incarnation))
GROUP BY receipt, CASE WHEN kind = 'LOAD' THEN 'EARN' ELSE kind END, unit ORDER BY receipt, kind, unit
"""
