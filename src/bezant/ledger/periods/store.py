"""SQL of requests to reopen periods. Periods themselves are read by the lane's statements."""

from typing import Final

INSERT_REOPENINGS: Final = """
    INSERT INTO period_reopening (tenant_id, book_id, reopening_id, period, reason, requested_by,
        requested_at, expires_at)
    SELECT $1, book_id, reopening_id, period, reason, requested_by, requested_at, expires_at
    FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::timestamptz[],
                $8::timestamptz[])
        AS new (book_id, reopening_id, period, reason, requested_by, requested_at, expires_at)
"""

INSERT_OUTCOMES: Final = """
    INSERT INTO period_reopening_outcome (tenant_id, book_id, reopening_id, outcome, actor,
        decided_at)
    SELECT $1, book_id, reopening_id, outcome, actor, decided_at
    FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::timestamptz[])
        AS new (book_id, reopening_id, outcome, actor, decided_at)
"""

FIND_REOPENINGS: Final = """
    SELECT r.reopening_id, r.period, r.reason, r.requested_by, r.requested_at, r.expires_at,
        o.outcome, o.actor, o.decided_at
    FROM period_reopening r LEFT JOIN period_reopening_outcome o
        ON o.tenant_id = r.tenant_id AND o.book_id = r.book_id AND o.reopening_id = r.reopening_id
    WHERE r.tenant_id = $1 AND r.book_id = $2 AND r.period = $3
    ORDER BY r.requested_at DESC, r.reopening_id DESC LIMIT $4
"""
