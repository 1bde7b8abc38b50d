"""SQL of events outside books."""

from typing import Final

# The server's clock at the moment of writing, not the transaction's start: of two events, the one
# whose writer had seen the other commit has the later instant.
INSERT: Final = """
    INSERT INTO event_pending (tenant_id, event_id, kind, subject, data, occurred_at, written_at)
    SELECT $1, event_id, kind, subject, data, occurred_at, clock_timestamp()
    FROM unnest($2::uuid[], $3::text[], $4::text[], $5::bytea[], $6::timestamptz[])
        AS new (event_id, kind, subject, data, occurred_at)
"""

FIND_EVENTS: Final = """
    SELECT seq, event_id, kind, subject, data, occurred_at FROM event
    WHERE tenant_id = $1 AND seq > $2 ORDER BY seq LIMIT $3
"""

FIND_STREAM: Final = """
    SELECT seq, first_seq FROM event_stream WHERE tenant_id = $1
"""

FIND_PENDING_TENANTS: Final = """
    SELECT DISTINCT tenant_id FROM event_pending WHERE tenant_id > $1 ORDER BY tenant_id LIMIT $2
"""

FIND_PENDING: Final = """
    SELECT event_id, kind, subject, data, occurred_at FROM event_pending
    WHERE tenant_id = $1 ORDER BY written_at, event_id LIMIT $2
"""

COUNT_PENDING: Final = """
    SELECT count(*) AS pending FROM (SELECT 1 FROM event_pending LIMIT $1) AS pending
"""

CREATE_STREAM: Final = """
    INSERT INTO event_stream (tenant_id, seq, first_seq) VALUES ($1, 0, 1)
    ON CONFLICT (tenant_id) DO NOTHING
"""

# Whoever numbers goes through here: nobody else has since the stream's head was read.
ADVANCE: Final = """
    UPDATE event_stream SET seq = seq + $3 WHERE tenant_id = $1 AND seq = $2
"""

DELETE_PENDING: Final = """
    DELETE FROM event_pending WHERE tenant_id = $1 AND event_id = ANY($2::uuid[])
"""

INSERT_EVENTS: Final = """
    INSERT INTO event
        (tenant_id, seq, event_id, kind, subject, data, occurred_at, numbered_at)
    SELECT $1, seq, event_id, kind, subject, data, occurred_at, $2
    FROM unnest($3::bigint[], $4::uuid[], $5::text[], $6::text[], $7::bytea[], $8::timestamptz[])
        AS new (seq, event_id, kind, subject, data, occurred_at)
"""

# Retention: the stream's oldest number moves first, in the same commit, so that a reader is told.
FIND_LAST_OLD: Final = """
    SELECT max(seq) AS seq FROM (
        SELECT seq, numbered_at FROM event WHERE tenant_id = $1 ORDER BY seq LIMIT $3
    ) AS oldest
    WHERE numbered_at < $2
"""

FORGET: Final = """
    UPDATE event_stream SET first_seq = $2 + 1 WHERE tenant_id = $1 AND first_seq <= $2
"""

DELETE_EVENTS: Final = """
    DELETE FROM event WHERE tenant_id = $1 AND seq <= $2
"""
