"""SQL of jobs.

What is due, and whose turn it is, is read by single statements outside of transactions: they lock
nothing that others write. What follows from it is written under a compare-and-set.
"""

from typing import Final

INSERT: Final = """
    INSERT INTO job (tenant_id, partition_no, job_id, kind, key, order_no, unique_key, payload,
        state, is_unseen, epoch, attempt, run_at, created_at, since)
    SELECT $1, partition_no, job_id, kind, key, order_no, unique_key, payload,
        state, is_unseen, 0, 0, run_at, created_at, created_at
    FROM unnest($2::smallint[], $3::uuid[], $4::text[], $5::text[], $6::bigint[], $7::text[],
            $8::bytea[], $9::text[], $10::boolean[], $11::timestamptz[], $12::timestamptz[])
        AS new (partition_no, job_id, kind, key, order_no, unique_key, payload, state, is_unseen,
            run_at, created_at)
    ON CONFLICT (tenant_id, partition_no, kind, unique_key) DO NOTHING
"""
