"""SQL of the benchmark."""

from typing import Final

FIND_PARTITION: Final = """
    SELECT tableoid::regclass::text AS name FROM lane WHERE tenant_id = $1 AND book_id = $2
"""

# The reference has a database of its own.
REFERENCE_DATABASE: Final = "reference"

CREATE_REFERENCE: Final = "CREATE DATABASE reference"

# What the load wrote is on disk before a clock starts.
CHECKPOINT: Final = "CHECKPOINT"

DROP_REFERENCE: Final = "DROP DATABASE reference"

# A million rows that were never posted, for who measures reads of them: what a lane would have
# left behind, but for the proof.
LAY_IN_ACCOUNTS: Final = """
    INSERT INTO account (tenant_id, book_id, account_no, account_id, asset, type, status, opened_at)
    SELECT $1, $2, $3::bigint + place.number, 'laid-in:' || place.number, 'EUR', 'liability',
        'open', $5
    FROM generate_series(0, $4::bigint - 1) AS place (number)
"""

LAY_IN_TRANSFERS: Final = """
    INSERT INTO transfer (tenant_id, book_id, seq, leg, transaction_id, kind, debit_no, credit_no,
        amount, code, booking_date, value_date, effective_at, recorded_at)
    SELECT $1, $2, l.seq, 0, lpad(to_hex(l.seq), 32, '0')::uuid, 'posted',
        $6::bigint + l.number % $7::bigint, $8::bigint + l.number % $9::bigint,
        100 + l.number % 9000, 'laid-in', l.at::date, l.at::date, l.at,
        $10 + l.number * interval '1 millisecond'
    FROM (
        SELECT $3::bigint + place.number + 1 AS seq, place.number,
            $10::timestamptz + ((place.number * $12::bigint) % $13::bigint) * $11::interval AS at
        FROM generate_series($4::bigint, $5::bigint - 1) AS place (number)
    ) AS l
"""

LAY_IN_BALANCES: Final = """
    INSERT INTO balance (tenant_id, book_id, account_no, debits_posted, credits_posted,
        debits_pending, credits_pending, version, as_of)
    SELECT $1, $2, l.account_no, sum(l.debits), sum(l.credits), 0, 0, count(*), max(l.recorded_at)
    FROM (
        SELECT debit_no AS account_no, amount AS debits, 0 AS credits, recorded_at FROM transfer
        WHERE tenant_id = $1 AND book_id = $2
        UNION ALL
        SELECT credit_no, 0, amount, recorded_at FROM transfer
        WHERE tenant_id = $1 AND book_id = $2
    ) AS l
    GROUP BY l.account_no
"""

LAY_IN_HEAD: Final = """
    UPDATE lane SET seq = $3 WHERE tenant_id = $1 AND book_id = $2
"""
