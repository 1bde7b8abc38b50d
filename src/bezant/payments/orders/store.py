"""SQL of payment orders.

Riders read within their batch by the order's identifier; a batch's tenant is all that reads of
riders are given.
"""

from typing import Final

READ_ORDERS: Final = """
    SELECT o.order_id AS key, o.ledger_book, o.institution_id, o.direction, o.rail, o.state, o.seq,
        o.debtor_account, o.creditor_account, o.party_id, o.channel, o.counterparty, o.asset,
        o.amount, o.hold_id, o.attempt_no, o.reason, o.created_at, o.created_by,
        o.execute_on, a.attempt_id, a.sender, a.lease_until, a.began_at
    FROM payment_order AS o
    LEFT JOIN payment_attempt AS a ON a.tenant_id = $1 AND a.order_id = o.order_id
        AND a.attempt_no = o.attempt_no
    WHERE o.tenant_id = $1 AND o.order_id = ANY($2::uuid[])
"""

SAVE_ORDERS: Final = """
    INSERT INTO payment_order (tenant_id, order_id, ledger_book, institution_id, direction, rail,
        state, seq, debtor_account, creditor_account, party_id, channel, counterparty, asset,
        amount, hold_id, attempt_no, reason, created_at, created_by, execute_on)
    SELECT $1, order_id, ledger_book, institution_id, direction, rail, state, seq, debtor_account,
        creditor_account, party_id, channel, counterparty, asset, amount, hold_id, attempt_no,
        reason, created_at, created_by, execute_on
    FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[],
                $8::integer[], $9::uuid[], $10::uuid[], $11::uuid[], $12::text[], $13::bytea[],
                $14::text[], $15::numeric[], $16::uuid[], $17::integer[], $18::text[],
                $19::timestamptz[], $20::text[], $21::date[])
        AS new (order_id, ledger_book, institution_id, direction, rail, state, seq, debtor_account,
                creditor_account, party_id, channel, counterparty, asset, amount, hold_id,
                attempt_no, reason, created_at, created_by, execute_on)
    ON CONFLICT (tenant_id, order_id) DO UPDATE SET
        state = excluded.state, seq = excluded.seq, hold_id = excluded.hold_id,
        attempt_no = excluded.attempt_no, reason = excluded.reason
"""

# Its keys are the compare-and-set: of two that decided on the same state, one is decided again.
INSERT_TRANSITIONS: Final = """
    INSERT INTO payment_transition (tenant_id, order_id, seq, before_seq, from_state, to_state,
        reason, at, actor)
    SELECT $1, order_id, seq, before_seq, from_state, to_state, reason, at, actor
    FROM unnest($2::uuid[], $3::integer[], $4::integer[], $5::text[], $6::text[], $7::text[],
                $8::timestamptz[], $9::text[])
        AS new (order_id, seq, before_seq, from_state, to_state, reason, at, actor)
"""

SAVE_ATTEMPTS: Final = """
    INSERT INTO payment_attempt (tenant_id, order_id, attempt_no, attempt_id, sender, lease_until,
        began_at, reference, outcome, ended_at)
    SELECT $1, order_id, attempt_no, attempt_id, sender, lease_until, began_at, reference, outcome,
        ended_at
    FROM unnest($2::uuid[], $3::integer[], $4::uuid[], $5::uuid[], $6::timestamptz[],
                $7::timestamptz[], $8::text[], $9::text[], $10::timestamptz[])
        AS new (order_id, attempt_no, attempt_id, sender, lease_until, began_at, reference,
                outcome, ended_at)
    ON CONFLICT (tenant_id, order_id, attempt_no) DO UPDATE SET
        sender = excluded.sender, lease_until = excluded.lease_until,
        reference = COALESCE(excluded.reference, payment_attempt.reference),
        outcome = COALESCE(excluded.outcome, payment_attempt.outcome),
        ended_at = COALESCE(excluded.ended_at, payment_attempt.ended_at)
"""

INSERT_CONTENTS: Final = """
    INSERT INTO payment_content (tenant_id, order_id, content_id, kind, sealed, created_at)
    SELECT $1, order_id, content_id, kind, sealed, created_at
    FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::bytea[], $6::timestamptz[])
        AS new (order_id, content_id, kind, sealed, created_at)
"""

FIND_CONTENTS: Final = """
    SELECT order_id AS key, sealed FROM payment_content
    WHERE tenant_id = $1 AND order_id = ANY($2::uuid[]) AND kind = 'order'
"""

LIST: Final = """
    SELECT order_id FROM payment_order
    WHERE tenant_id = $1 AND order_id > $2 AND ($4::text IS NULL OR direction = $4)
    ORDER BY order_id LIMIT $3
"""

LIST_OF_DEBTOR: Final = """
    SELECT order_id FROM payment_order
    WHERE tenant_id = $1 AND debtor_account = $2 AND order_id > $3
        AND ($5::text IS NULL OR direction = $5)
    ORDER BY order_id LIMIT $4
"""

READ_SENT_BY: Final = """
    SELECT at FROM payment_transition
    WHERE tenant_id = $1 AND order_id = $2 AND from_state = 'sending' ORDER BY seq DESC LIMIT 1
"""

LIST_TRANSITIONS: Final = """
    SELECT seq, from_state, to_state, reason, at, actor FROM payment_transition
    WHERE tenant_id = $1 AND order_id = $2 ORDER BY seq
"""
