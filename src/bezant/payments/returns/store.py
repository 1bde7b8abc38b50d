"""SQL of returns, recalls and claims."""

from typing import Final

# A payment of ours by what its scheme calls it: the reference of its outcome, or its attempt.
FIND_SENT: Final = """
    SELECT o.order_id FROM payment_attempt AS a
    JOIN payment_order AS o ON o.tenant_id = a.tenant_id AND o.order_id = a.order_id
    WHERE a.tenant_id = $1 AND o.institution_id = $2 AND o.rail = $3
        AND (a.reference = $4 OR a.attempt_id = $5)
    LIMIT 2
"""

# Two senders may give the same name; then the sender is needed. Without an order, it was refused.
FIND_RECEIVED: Final = """
    SELECT order_id, sender_bic FROM payment_incoming
    WHERE tenant_id = $1 AND institution_id = $2 AND rail = $3 AND transaction_id = $4
        AND ($5::text IS NULL OR sender_bic = $5)
    LIMIT 2
"""

FIND_REFERENCE: Final = """
    SELECT attempt_id, reference FROM payment_attempt
    WHERE tenant_id = $1 AND order_id = $2 ORDER BY attempt_no DESC LIMIT 1
"""

READ_RETURNS: Final = """
    SELECT return_id AS key, order_id, amount, code FROM payment_return
    WHERE tenant_id = $1 AND return_id = ANY($2::uuid[])
"""

READ_RETURNED: Final = """
    SELECT order_id AS key, sum(amount) AS amount FROM payment_return
    WHERE tenant_id = $1 AND order_id = ANY($2::uuid[])
    GROUP BY order_id
"""

INSERT_RETURNS: Final = """
    INSERT INTO payment_return (tenant_id, return_id, order_id, amount, code, at)
    SELECT $1, return_id, order_id, amount, code, at
    FROM unnest($2::uuid[], $3::uuid[], $4::numeric[], $5::text[], $6::timestamptz[])
        AS new (return_id, order_id, amount, code, at)
"""

READ_RECALLS: Final = """
    SELECT recall_id AS key, recall_id, order_id, direction, case_id, original, counterparty_bic,
        code, state, refusal, due_on, created_at, created_by, answered_at, answered_by
    FROM payment_recall
    WHERE tenant_id = $1 AND recall_id = ANY($2::uuid[])
"""

# Of each order the recall of ours that is open, or the one by which its money is given back.
READ_UNDER_WAY: Final = """
    SELECT order_id AS key, recall_id, order_id, direction, case_id, original, counterparty_bic,
        code, state, refusal, due_on, created_at, created_by, answered_at, answered_by
    FROM payment_recall
    WHERE tenant_id = $1 AND order_id = ANY($2::uuid[])
        AND ((direction = 'sent' AND state = 'open') OR state = 'returning')
"""

SAVE_RECALLS: Final = """
    INSERT INTO payment_recall (tenant_id, recall_id, order_id, direction, case_id, original,
        counterparty_bic, code, state, refusal, due_on, created_at, created_by, answered_at,
        answered_by)
    SELECT $1, recall_id, order_id, direction, case_id, original, counterparty_bic, code, state,
        refusal, due_on, created_at, created_by, answered_at, answered_by
    FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
                $9::text[], $10::text[], $11::date[], $12::timestamptz[], $13::text[],
                $14::timestamptz[], $15::text[])
        AS new (recall_id, order_id, direction, case_id, original, counterparty_bic, code, state,
                refusal, due_on, created_at, created_by, answered_at, answered_by)
    ON CONFLICT (tenant_id, recall_id) DO UPDATE SET
        state = excluded.state, refusal = excluded.refusal, answered_at = excluded.answered_at,
        answered_by = excluded.answered_by
"""

LIST_RECALLS: Final = """
    SELECT recall_id FROM payment_recall
    WHERE tenant_id = $1 AND recall_id > $2
    ORDER BY recall_id LIMIT $3
"""

READ_CLAIMS: Final = """
    SELECT order_id AS key, amount, due_on, created_at, created_by, refunded_at FROM payment_claim
    WHERE tenant_id = $1 AND order_id = ANY($2::uuid[])
"""

SAVE_CLAIMS: Final = """
    INSERT INTO payment_claim (tenant_id, order_id, amount, due_on, created_at, created_by,
        refunded_at)
    SELECT $1, order_id, amount, due_on, created_at, created_by, refunded_at
    FROM unnest($2::uuid[], $3::numeric[], $4::date[], $5::timestamptz[], $6::text[],
                $7::timestamptz[])
        AS new (order_id, amount, due_on, created_at, created_by, refunded_at)
    ON CONFLICT (tenant_id, order_id) DO UPDATE SET refunded_at = excluded.refunded_at
"""
