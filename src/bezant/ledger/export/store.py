"""SQL of exports and of their restoring. History is read by the feed's statements."""

from typing import Final

FIND_CONTENTS: Final = """
    SELECT seq, salt, content FROM transaction_content
    WHERE tenant_id = $1 AND book_id = $2 AND seq > $3 AND seq <= $4 ORDER BY seq
"""

FIND_BATCHES: Final = """
    SELECT batch_no, first_seq, last_seq, root FROM batch
    WHERE tenant_id = $1 AND book_id = $2 AND batch_no >= $3 ORDER BY batch_no LIMIT $4
"""

FIND_TENANT: Final = "SELECT tenant_id FROM tenant WHERE tenant_id = $1"

FIND_LOG: Final = """
    SELECT seq, log_size, root FROM lane WHERE tenant_id = $1 AND book_id = $2
"""

INSERT_BATCHES: Final = """
    INSERT INTO batch (tenant_id, book_id, batch_no, first_seq, last_seq, root)
    SELECT $1, $2, batch_no, first_seq, last_seq, root
    FROM unnest($3::bigint[], $4::bigint[], $5::bigint[], $6::bytea[])
        AS new (batch_no, first_seq, last_seq, root)
"""

# Nobody holds it, as of a book that has just been made.
INSERT_LANE: Final = """
    INSERT INTO lane (tenant_id, book_id, epoch, version, seq, accounts, log_size, frontier, root,
        recorded_at, holder, lease_until, next_expiry)
    VALUES ($1, $2, 0, $5, $3, $4, $5, $6, $7, $8, '', $8, $9)
"""
