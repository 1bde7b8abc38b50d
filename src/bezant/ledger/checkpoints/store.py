"""SQL of checkpoints: their keys, what was signed, which books have grown, and the second store."""

from typing import Final

INSERT_KEY: Final = """
    INSERT INTO checkpoint_key (tenant_id, key_id, sealed, public_key, created_at)
    VALUES ($1, $2, $3, $4, $5)
"""

FIND_KEYS: Final = """
    SELECT key_id, sealed, public_key, created_at, expires_at FROM checkpoint_key
    WHERE tenant_id = $1 ORDER BY key_id
"""

END_KEYS: Final = """
    UPDATE checkpoint_key SET expires_at = $2
    WHERE tenant_id = $1 AND (expires_at IS NULL OR expires_at > $2)
"""

FIND_TENANTS: Final = """
    SELECT tenant_id FROM tenant WHERE tenant_id > $1 ORDER BY tenant_id LIMIT $2
"""

# A book's head beside what was signed of it last.
FIND_STANDINGS: Final = """
    SELECT l.book_id, l.log_size,
        (SELECT c.checkpoint_no FROM checkpoint c
            WHERE c.tenant_id = l.tenant_id AND c.book_id = l.book_id
            ORDER BY c.checkpoint_no DESC LIMIT 1) AS signed_no,
        (SELECT c.log_size FROM checkpoint c
            WHERE c.tenant_id = l.tenant_id AND c.book_id = l.book_id
            ORDER BY c.checkpoint_no DESC LIMIT 1) AS signed_size
    FROM lane l WHERE l.tenant_id = $1 AND l.book_id > $2 ORDER BY l.book_id LIMIT $3
"""

INSERT_CHECKPOINT: Final = """
    INSERT INTO checkpoint (tenant_id, book_id, checkpoint_no, log_size, seq, root, note, signed_at,
        replaces_first, replaces_last)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""

FIND_LAST: Final = """
    SELECT checkpoint_no, note FROM checkpoint
    WHERE tenant_id = $1 AND book_id = $2 ORDER BY checkpoint_no DESC LIMIT 1
"""

FIND_AFTER: Final = """
    SELECT checkpoint_no, log_size, seq, root, note, signed_at, replaces_first, replaces_last
    FROM checkpoint WHERE tenant_id = $1 AND book_id = $2 AND checkpoint_no > $3
    ORDER BY checkpoint_no LIMIT $4
"""

FIND_ACCEPTING: Final = """
    SELECT note FROM checkpoint
    WHERE tenant_id = $1 AND book_id = $2 AND checkpoint_no > $3
        AND replaces_first <= $3 AND replaces_last >= $3
"""

# Whoever holds the lane finds out with its next batch, and is judged when it takes the lane again.
DISPOSSESS: Final = """
    UPDATE lane SET epoch = epoch + 1, holder = ''
    WHERE tenant_id = $1 AND book_id = $2 AND holder <> ''
"""

# The second store: another database, whose role may add and read.
CREATE_PUBLISHED: Final = """
    CREATE TABLE IF NOT EXISTS published_checkpoint (
        tenant_id uuid NOT NULL,
        book_id uuid NOT NULL,
        checkpoint_no bigint NOT NULL,
        note text NOT NULL,
        PRIMARY KEY (tenant_id, book_id, checkpoint_no)
    )
"""

GRANT_PUBLISHED: Final = "GRANT SELECT, INSERT ON published_checkpoint TO {role}"

INSERT_PUBLISHED: Final = """
    INSERT INTO published_checkpoint (tenant_id, book_id, checkpoint_no, note)
    SELECT $1, $2, checkpoint_no, note
    FROM unnest($3::bigint[], $4::text[]) AS new (checkpoint_no, note)
    ON CONFLICT (tenant_id, book_id, checkpoint_no) DO NOTHING
"""

FIND_PUBLISHED: Final = """
    SELECT checkpoint_no, note FROM published_checkpoint
    WHERE tenant_id = $1 AND book_id = $2 AND checkpoint_no > $3 ORDER BY checkpoint_no LIMIT $4
"""

FIND_LAST_PUBLISHED: Final = """
    SELECT checkpoint_no, note FROM published_checkpoint
    WHERE tenant_id = $1 AND book_id = $2 ORDER BY checkpoint_no DESC LIMIT 1
"""
