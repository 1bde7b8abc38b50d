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
