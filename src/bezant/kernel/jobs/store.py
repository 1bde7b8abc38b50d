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

# Only of jobs that are not due yet: nobody else looks at those, so that it waits for nobody.
SPARE: Final = """
    UPDATE job SET state = 'done', ended_at = spared.at
    FROM unnest($2::smallint[], $3::text[], $4::text[], $5::timestamptz[])
        AS spared (partition_no, kind, unique_key, at)
    WHERE job.tenant_id = $1 AND job.partition_no = spared.partition_no AND job.kind = spared.kind
        AND job.unique_key = spared.unique_key AND job.state = 'ready' AND job.run_at > spared.at
"""

# Partitions that have something to hand out: a turn that may have changed, a job that is due, or
# one whose holder is silent past its lease.
FIND_PARTITIONS: Final = """
    SELECT p.partition_no, p.version FROM job_partition p
    WHERE EXISTS (
            SELECT 1 FROM job j WHERE j.partition_no = p.partition_no AND j.is_unseen
        ) OR EXISTS (
            SELECT 1 FROM job j
            WHERE j.partition_no = p.partition_no AND j.state = 'ready' AND j.kind = ANY($2::text[])
                AND j.run_at <= $1
        ) OR EXISTS (
            SELECT 1 FROM job j LEFT JOIN lease l ON l.name = j.lease
            WHERE j.partition_no = p.partition_no AND j.state = 'running'
                AND j.kind = ANY($2::text[]) AND coalesce(l.lease_until < now(), true)
        )
"""

FIND_UNSEEN: Final = """
    SELECT tenant_id, job_id, kind, key, state FROM job
    WHERE partition_no = $1 AND is_unseen ORDER BY job_id LIMIT $2
"""

# The first job that waits for its turn, of those keys none of whose jobs runs or is to run next;
# asked key by key.
FIND_TURNS: Final = """
    SELECT next.tenant_id, next.job_id, next.kind, next.epoch, next.run_at
    FROM unnest($2::uuid[], $3::text[], $4::text[]) AS asked (tenant_id, kind, key)
    CROSS JOIN LATERAL (
        SELECT j.tenant_id, j.job_id, j.kind, j.epoch, j.run_at FROM job j
        WHERE j.tenant_id = asked.tenant_id AND j.partition_no = $1 AND j.kind = asked.kind
            AND j.key = asked.key AND j.state = 'queued'
        ORDER BY j.order_no, j.job_id LIMIT 1
    ) AS next
    CROSS JOIN LATERAL (
        SELECT count(*) AS active FROM job j
        WHERE j.tenant_id = asked.tenant_id AND j.partition_no = $1 AND j.kind = asked.kind
            AND j.key = asked.key AND j.state IN ('ready', 'running')
    ) AS now
    WHERE now.active = 0
"""

# By kind, so that one with a long queue does not hide another's; `room` is how many it may take.
FIND_DUE: Final = """
    SELECT due.tenant_id, due.job_id, due.kind, due.epoch, due.run_at
    FROM unnest($3::text[], $4::integer[]) AS wanted (kind, room)
    CROSS JOIN LATERAL (
        SELECT j.tenant_id, j.job_id, j.kind, j.epoch, j.run_at FROM job j
        WHERE j.partition_no = $1 AND j.state = 'ready' AND j.kind = wanted.kind AND j.run_at <= $2
        ORDER BY j.run_at LIMIT wanted.room
    ) AS due
    ORDER BY due.run_at
"""

FIND_LOST: Final = """
    SELECT j.tenant_id, j.job_id, j.kind, j.epoch, j.attempt, j.since
    FROM job j LEFT JOIN lease l ON l.name = j.lease
    WHERE j.partition_no = $1 AND j.state = 'running' AND j.kind = ANY($2::text[])
        AND coalesce(l.lease_until < now(), true)
    ORDER BY j.job_id LIMIT $3
"""

# Whoever hands out jobs of a partition goes through here, so that what it read before holds: no
# other has handed out any since.
ADVANCE: Final = """
    UPDATE job_partition SET version = version + 1 WHERE partition_no = $1 AND version = $2
"""

MARK_SEEN: Final = """
    UPDATE job SET is_unseen = false
    FROM unnest($2::uuid[], $3::uuid[], $4::text[]) AS seen (tenant_id, job_id, state)
    WHERE job.tenant_id = seen.tenant_id AND job.partition_no = $1 AND job.job_id = seen.job_id
        AND job.state = seen.state
"""

TAKE_TURNS: Final = """
    UPDATE job SET state = 'ready'
    FROM unnest($2::uuid[], $3::uuid[]) AS next (tenant_id, job_id)
    WHERE job.tenant_id = next.tenant_id AND job.partition_no = $1 AND job.job_id = next.job_id
        AND job.state = 'queued'
"""

CLAIM: Final = """
    UPDATE job SET state = 'running', lease = $2, epoch = job.epoch + 1, attempt = job.attempt + 1
    FROM unnest($3::uuid[], $4::uuid[], $5::bigint[], $6::text[])
        AS seen (tenant_id, job_id, epoch, state)
    WHERE job.tenant_id = seen.tenant_id AND job.partition_no = $1 AND job.job_id = seen.job_id
        AND job.epoch = seen.epoch AND job.state = seen.state
    RETURNING job.tenant_id, job.partition_no, job.job_id, job.kind, job.key, job.order_no,
        job.payload, job.epoch, job.attempt, job.since
"""

END: Final = """
    UPDATE job SET state = $5, is_unseen = key IS NOT NULL, lease = NULL, ended_at = $6,
        last_error = $7
    WHERE tenant_id = $1 AND partition_no = $2 AND job_id = $3 AND epoch = $4 AND state = 'running'
"""

REPEAT: Final = """
    UPDATE job SET state = 'ready', lease = NULL, run_at = $5, last_error = $6
    WHERE tenant_id = $1 AND partition_no = $2 AND job_id = $3 AND epoch = $4 AND state = 'running'
"""

# The attempt does not count: the job did nothing to end it.
GIVE_BACK: Final = """
    UPDATE job SET state = 'ready', lease = NULL, attempt = attempt - 1
    WHERE tenant_id = $1 AND partition_no = $2 AND job_id = $3 AND epoch = $4 AND state = 'running'
"""

COUNT_WAITING: Final = """
    SELECT (
        SELECT count(*) FROM (
            SELECT 1 FROM job WHERE state = 'ready' AND run_at <= $1 LIMIT $2
        ) AS ready
    ) + (
        SELECT count(*) FROM (
            SELECT 1 FROM job WHERE state = 'queued' AND run_at <= $1 LIMIT $2
        ) AS queued
    ) AS waiting
"""

LIST_DEAD: Final = """
    SELECT job_id, kind, key, payload, attempt, created_at, ended_at, last_error FROM job
    WHERE tenant_id = $1 AND state = 'dead' AND job_id > $2
    ORDER BY job_id LIMIT $3
"""

FIND_DEAD: Final = """
    SELECT partition_no, job_id, kind, key, payload, attempt, created_at, ended_at, last_error
    FROM job WHERE tenant_id = $1 AND job_id = $2 AND state = 'dead'
"""

# With a key it queues again, so that it does not overtake what took its turn meanwhile.
REPLAY: Final = """
    UPDATE job SET state = CASE WHEN key IS NULL THEN 'ready' ELSE 'queued' END,
        is_unseen = key IS NOT NULL, attempt = 0, run_at = $4, since = $4, ended_at = NULL
    WHERE tenant_id = $1 AND partition_no = $2 AND job_id = $3 AND state = 'dead'
"""

DISCARD: Final = """
    UPDATE job SET state = 'discarded', ended_at = $4
    WHERE tenant_id = $1 AND partition_no = $2 AND job_id = $3 AND state = 'dead'
"""

# Whose turn is next may hang on a job that is unseen: it stays until that is known.
DELETE_ENDED: Final = """
    DELETE FROM job WHERE partition_no = $1 AND (tenant_id, job_id) IN (
        SELECT old.tenant_id, old.job_id FROM job old
        WHERE old.partition_no = $1 AND old.state = $2 AND old.ended_at < $3 AND NOT old.is_unseen
        ORDER BY old.ended_at LIMIT $4
    )
"""
