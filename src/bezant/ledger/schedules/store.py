"""SQL of schedules.

Riders read within their batch, by keys such as `book/schedule`, since a batch's tenant is all that
reads of riders are given.
"""

from typing import Final

READ_SCHEDULES: Final = """
    SELECT asked.key, s.terms, s.status, s.version, s.next_no, s.next_at, s.posted, s.failed,
        s.created_at
    FROM (
        SELECT given.key, split_part(given.key, '/', 1)::uuid AS book_id,
            split_part(given.key, '/', 2)::uuid AS schedule_id
        FROM unnest($2::text[]) AS given (key)
    ) AS asked
    JOIN schedule s ON s.tenant_id = $1 AND s.book_id = asked.book_id
        AND s.schedule_id = asked.schedule_id
"""

# The last that was recorded of an occurrence comes last.
READ_OUTCOMES: Final = """
    SELECT asked.key, e.kind
    FROM (
        SELECT given.key, split_part(given.key, '/', 1)::uuid AS book_id,
            split_part(given.key, '/', 2)::uuid AS schedule_id,
            split_part(given.key, '/', 3)::bigint AS occurrence_no
        FROM unnest($2::text[]) AS given (key)
    ) AS asked
    JOIN schedule_event e ON e.tenant_id = $1 AND e.book_id = asked.book_id
        AND e.schedule_id = asked.schedule_id AND e.occurrence_no = asked.occurrence_no
    ORDER BY e.version
"""

# Its key is the compare-and-set: of two that decided on the same version, one is decided again.
INSERT_EVENTS: Final = """
    INSERT INTO schedule_event (tenant_id, book_id, schedule_id, version, kind, occurrence_no,
        occurs_at, transaction_id, seq, code, recorded_at)
    SELECT $1, book_id, schedule_id, version, kind, occurrence_no, occurs_at, transaction_id, seq,
        code, recorded_at
    FROM unnest($2::uuid[], $3::uuid[], $4::bigint[], $5::text[], $6::bigint[], $7::timestamptz[],
                $8::uuid[], $9::bigint[], $10::text[], $11::timestamptz[])
        AS new (book_id, schedule_id, version, kind, occurrence_no, occurs_at, transaction_id, seq,
                code, recorded_at)
"""

SAVE_SCHEDULES: Final = """
    INSERT INTO schedule (tenant_id, book_id, schedule_id, terms, status, version, next_no, next_at,
        posted, failed, created_at)
    SELECT $1, book_id, schedule_id, terms, status, version, next_no, next_at, posted, failed,
        created_at
    FROM unnest($2::uuid[], $3::uuid[], $4::bytea[], $5::text[], $6::bigint[], $7::bigint[],
                $8::timestamptz[], $9::bigint[], $10::bigint[], $11::timestamptz[])
        AS new (book_id, schedule_id, terms, status, version, next_no, next_at, posted, failed,
                created_at)
    ON CONFLICT (tenant_id, book_id, schedule_id) DO UPDATE SET
        status = excluded.status, version = excluded.version, next_no = excluded.next_no,
        next_at = excluded.next_at, posted = excluded.posted, failed = excluded.failed
"""

FIND_SCHEDULE: Final = """
    SELECT s.schedule_id, s.terms, s.status, s.version, s.next_no, s.next_at, s.posted, s.failed,
        s.created_at, b.time_zone
    FROM schedule s JOIN book b ON b.tenant_id = s.tenant_id AND b.book_id = s.book_id
    WHERE s.tenant_id = $1 AND s.book_id = $2 AND s.schedule_id = $3
"""

FIND_SCHEDULES: Final = """
    SELECT s.schedule_id, s.terms, s.status, s.version, s.next_no, s.next_at, s.posted, s.failed,
        s.created_at, b.time_zone
    FROM schedule s JOIN book b ON b.tenant_id = s.tenant_id AND b.book_id = s.book_id
    WHERE s.tenant_id = $1 AND s.book_id = $2 AND s.schedule_id > $3
    ORDER BY s.schedule_id LIMIT $4
"""

FIND_OCCURRENCES: Final = """
    SELECT version, kind, occurrence_no, occurs_at, transaction_id, seq, code, recorded_at
    FROM schedule_event
    WHERE tenant_id = $1 AND book_id = $2 AND schedule_id = $3 AND version > $4
        AND occurrence_no IS NOT NULL
    ORDER BY version LIMIT $5
"""
