"""SQL of webhooks."""

from typing import Final

COUNT_ENDPOINTS: Final = """
    SELECT count(*) AS endpoints FROM webhook_endpoint
    WHERE tenant_id = $1 AND status <> 'deleted'
"""

INSERT_ENDPOINT: Final = """
    INSERT INTO webhook_endpoint
        (tenant_id, endpoint_id, url, description, event_types, books, status, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, 'enabled', $7)
"""

INSERT_DISPATCH: Final = """
    INSERT INTO webhook_dispatch
        (tenant_id, endpoint_id, epoch, lease_until, failures, resume_at)
    VALUES ($1, $2, 0, $3, 0, $3)
"""

FIND_ENDPOINT: Final = """
    SELECT endpoint.endpoint_id, url, description, event_types, books, status, disabled_reason,
           created_at, failing_since
    FROM webhook_endpoint AS endpoint
    JOIN webhook_dispatch AS dispatch
        ON dispatch.tenant_id = endpoint.tenant_id AND dispatch.endpoint_id = endpoint.endpoint_id
    WHERE endpoint.tenant_id = $1 AND endpoint.endpoint_id = $2 AND status <> 'deleted'
"""

# Identifiers increase with time, so their order is the order of creation.
LIST_ENDPOINTS: Final = """
    SELECT endpoint.endpoint_id, url, description, event_types, books, status, disabled_reason,
           created_at, failing_since
    FROM webhook_endpoint AS endpoint
    JOIN webhook_dispatch AS dispatch
        ON dispatch.tenant_id = endpoint.tenant_id AND dispatch.endpoint_id = endpoint.endpoint_id
    WHERE endpoint.tenant_id = $1 AND endpoint.endpoint_id > $2 AND status <> 'deleted'
    ORDER BY endpoint.endpoint_id LIMIT $3
"""

CHANGE_ENDPOINT: Final = """
    UPDATE webhook_endpoint
    SET url = $3, description = $4, event_types = $5, books = $6, status = $7, disabled_reason = $8
    WHERE tenant_id = $1 AND endpoint_id = $2
"""

DISABLE_ENDPOINT: Final = """
    UPDATE webhook_endpoint SET status = 'disabled', disabled_reason = $3
    WHERE tenant_id = $1 AND endpoint_id = $2 AND status = 'enabled'
"""

INSERT_KEY: Final = """
    INSERT INTO webhook_key
        (tenant_id, endpoint_id, key_id, kind, sealed, public_key, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
"""

FIND_KEYS: Final = """
    SELECT endpoint_id, key_id, kind, sealed, public_key, created_at, expires_at FROM webhook_key
    WHERE tenant_id = $1 AND endpoint_id = ANY($2::uuid[])
        AND (expires_at IS NULL OR expires_at > $3)
    ORDER BY key_id
"""

END_KEYS: Final = """
    UPDATE webhook_key SET expires_at = $3
    WHERE tenant_id = $1 AND endpoint_id = $2 AND (expires_at IS NULL OR expires_at > $3)
"""

REMOVE_ENDED_KEYS: Final = """
    DELETE FROM webhook_key WHERE tenant_id = $1 AND endpoint_id = $2 AND expires_at <= $3
"""

REMOVE_KEYS: Final = "DELETE FROM webhook_key WHERE tenant_id = $1 AND endpoint_id = $2"

# An endpoint's progress -------------------------------------------------------------------------

FIND_CURSORS: Final = """
    SELECT endpoint_id, stream, after FROM webhook_cursor
    WHERE tenant_id = $1 AND endpoint_id = ANY($2::uuid[])
"""

SAVE_CURSORS: Final = """
    INSERT INTO webhook_cursor (tenant_id, endpoint_id, stream, after)
    SELECT $1, $2, stream, after FROM unnest($3::text[], $4::bigint[]) AS new (stream, after)
    ON CONFLICT (tenant_id, endpoint_id, stream) DO UPDATE SET after = excluded.after
"""

# A page of every tenant's enabled endpoints, whoever works for them.
FIND_ENABLED: Final = """
    SELECT dispatch.tenant_id, dispatch.endpoint_id, books, epoch, lease_until, resume_at, due_at
    FROM webhook_dispatch AS dispatch
    JOIN webhook_endpoint AS endpoint
        ON endpoint.tenant_id = dispatch.tenant_id AND endpoint.endpoint_id = dispatch.endpoint_id
    WHERE status = 'enabled' AND (dispatch.tenant_id, dispatch.endpoint_id) > ($1, $2)
    ORDER BY dispatch.tenant_id, dispatch.endpoint_id LIMIT $3
"""

# Due until it is given back: whoever takes it over from a process that was killed has to look.
CLAIM: Final = """
    UPDATE webhook_dispatch SET epoch = epoch + 1, lease_until = $5, due_at = $4
    WHERE tenant_id = $1 AND endpoint_id = $2 AND epoch = $3 AND lease_until <= $4
    RETURNING epoch, failures, failing_since, resume_at
"""

HOLD: Final = """
    UPDATE webhook_dispatch SET lease_until = $4
    WHERE tenant_id = $1 AND endpoint_id = $2 AND epoch = $3
    RETURNING epoch
"""

FARE: Final = """
    UPDATE webhook_dispatch
    SET lease_until = $4, failures = $5, failing_since = $6, resume_at = $7
    WHERE tenant_id = $1 AND endpoint_id = $2 AND epoch = $3
    RETURNING epoch
"""

# What is held back behind an earlier message of its object is due with that one.
RELEASE: Final = """
    UPDATE webhook_dispatch
    SET lease_until = $4, due_at = next.due_at
    FROM (
        SELECT min(next_attempt_at) AS due_at FROM webhook_delivery AS due
        WHERE due.tenant_id = $1 AND due.endpoint_id = $2 AND due.status = 'pending'
            AND (due.replay_of IS NOT NULL OR NOT EXISTS (
                SELECT 1 FROM webhook_delivery AS earlier
                WHERE earlier.tenant_id = $1 AND earlier.endpoint_id = $2
                    AND earlier.status = 'pending' AND earlier.stream = due.stream
                    AND earlier.object_key = due.object_key AND earlier.sequence < due.sequence
                    AND earlier.replay_of IS NULL
            ))
    ) AS next
    WHERE tenant_id = $1 AND endpoint_id = $2 AND epoch = $3
    RETURNING epoch
"""

# Whoever works for the endpoint loses it, and whoever takes it next begins at once.
RESTART: Final = """
    UPDATE webhook_dispatch
    SET epoch = epoch + 1, lease_until = $3, failures = 0, failing_since = NULL, resume_at = $3,
        due_at = $3
    WHERE tenant_id = $1 AND endpoint_id = $2
"""

WAKE: Final = """
    UPDATE webhook_dispatch SET due_at = $3 WHERE tenant_id = $1 AND endpoint_id = $2
"""

# Deliveries -------------------------------------------------------------------------------------

INSERT_DELIVERIES: Final = """
    INSERT INTO webhook_delivery
        (tenant_id, endpoint_id, delivery_id, stream, sequence, event_type, object_key,
         occurred_at, replay_of, status, attempts, next_attempt_at, created_at)
    SELECT $1, $2, delivery_id, stream, sequence, event_type, object_key, occurred_at, replay_of,
           'pending', 0, $3, $3
    FROM unnest($4::uuid[], $5::text[], $6::bigint[], $7::text[], $8::text[], $9::timestamptz[],
                $10::uuid[])
        AS new (delivery_id, stream, sequence, event_type, object_key, occurred_at, replay_of)
"""

COUNT_PENDING: Final = """
    SELECT count(*) AS pending FROM webhook_delivery
    WHERE tenant_id = $1 AND endpoint_id = $2 AND status = 'pending'
"""

# Of each object the first that waits; what was asked for again stands outside of that order.
FIND_DUE: Final = """
    SELECT delivery_id, stream, sequence, event_type, object_key, occurred_at, attempts,
           first_attempt_at
    FROM webhook_delivery AS due
    WHERE due.tenant_id = $1 AND due.endpoint_id = $2 AND due.status = 'pending'
        AND due.next_attempt_at <= $3
        AND (due.replay_of IS NOT NULL OR NOT EXISTS (
            SELECT 1 FROM webhook_delivery AS earlier
            WHERE earlier.tenant_id = $1 AND earlier.endpoint_id = $2
                AND earlier.status = 'pending' AND earlier.stream = due.stream
                AND earlier.object_key = due.object_key AND earlier.sequence < due.sequence
                AND earlier.replay_of IS NULL
        ))
    ORDER BY next_attempt_at, stream, sequence LIMIT $4
"""

RECORD_ATTEMPTS: Final = """
    UPDATE webhook_delivery
    SET status = made.status, attempts = attempts + 1, next_attempt_at = made.next_attempt_at,
        first_attempt_at = coalesce(first_attempt_at, $3), last_attempt_at = $3,
        response_status = made.response_status, latency_ms = made.latency_ms, error = made.error
    FROM unnest($4::uuid[], $5::text[], $6::timestamptz[], $7::smallint[], $8::integer[],
                $9::text[])
        AS made (delivery_id, status, next_attempt_at, response_status, latency_ms, error)
    WHERE webhook_delivery.tenant_id = $1 AND webhook_delivery.endpoint_id = $2
        AND webhook_delivery.delivery_id = made.delivery_id
"""

# What waited for an endpoint that was away is tried again now that it is back.
HASTEN: Final = """
    UPDATE webhook_delivery SET next_attempt_at = $3
    WHERE tenant_id = $1 AND endpoint_id = $2 AND status = 'pending' AND next_attempt_at > $3
"""

REVIVE: Final = """
    UPDATE webhook_delivery SET attempts = 0, first_attempt_at = NULL, next_attempt_at = $3
    WHERE tenant_id = $1 AND endpoint_id = $2 AND status = 'pending'
"""

FIND_DELIVERY: Final = """
    SELECT delivery_id, stream, sequence, event_type, object_key, occurred_at, replay_of, status,
           attempts, next_attempt_at, last_attempt_at, response_status, latency_ms, error,
           created_at
    FROM webhook_delivery WHERE tenant_id = $1 AND endpoint_id = $2 AND delivery_id = $3
"""

LIST_DELIVERIES: Final = """
    SELECT delivery_id, stream, sequence, event_type, object_key, occurred_at, replay_of, status,
           attempts, next_attempt_at, last_attempt_at, response_status, latency_ms, error,
           created_at
    FROM webhook_delivery
    WHERE tenant_id = $1 AND endpoint_id = $2 AND delivery_id < $3
        AND ($4::text IS NULL OR status = $4)
    ORDER BY delivery_id DESC LIMIT $5
"""

# They come again with what the cursor was set back to.
REMOVE_AHEAD: Final = """
    DELETE FROM webhook_delivery
    WHERE tenant_id = $1 AND endpoint_id = $2 AND status = 'pending' AND stream = $3
        AND sequence > $4 AND replay_of IS NULL
"""

REMOVE_DELIVERIES: Final = """
    DELETE FROM webhook_delivery WHERE tenant_id = $1 AND endpoint_id = $2
"""

FIND_OLDEST_KEPT: Final = """
    SELECT delivery_id FROM webhook_delivery
    WHERE tenant_id = $1 AND endpoint_id = $2
    ORDER BY delivery_id DESC OFFSET $3 LIMIT 1
"""

PRUNE: Final = """
    DELETE FROM webhook_delivery
    WHERE tenant_id = $1 AND endpoint_id = $2 AND status <> 'pending' AND delivery_id < $3
"""

REMOVE_CURSORS: Final = "DELETE FROM webhook_cursor WHERE tenant_id = $1 AND endpoint_id = $2"
