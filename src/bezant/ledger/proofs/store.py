"""SQL of proofs: a log's leaves and stored nodes, each along its own key."""

from typing import Final

FIND_HEAD: Final = """
    SELECT seq, log_size, root FROM lane WHERE tenant_id = $1 AND book_id = $2
"""

FIND_BATCHES: Final = """
    SELECT batch_no, first_seq, last_seq, root FROM batch
    WHERE tenant_id = $1 AND book_id = $2 AND batch_no = ANY($3::bigint[])
"""

FIND_ROOTS: Final = """
    SELECT batch_no, root FROM batch
    WHERE tenant_id = $1 AND book_id = $2 AND batch_no >= $3 AND batch_no < $4 ORDER BY batch_no
"""

FIND_NODES: Final = """
    SELECT node_no, hash FROM log_node
    WHERE tenant_id = $1 AND book_id = $2 AND level = $3 AND node_no = ANY($4::bigint[])
"""

# Nodes of a level are added in order, and never removed.
FIND_LAST_NODES: Final = """
    SELECT level, max(node_no) AS node_no FROM log_node
    WHERE tenant_id = $1 AND book_id = $2 GROUP BY level
"""

# Whoever comes second adds the same.
INSERT_NODES: Final = """
    INSERT INTO log_node (tenant_id, book_id, level, node_no, hash)
    SELECT $1, $2, $3, node_no, hash
    FROM unnest($4::bigint[], $5::bytea[]) AS new (node_no, hash)
    ON CONFLICT (tenant_id, book_id, level, node_no) DO NOTHING
"""

FIND_SEQ: Final = """
    SELECT seq FROM transfer
    WHERE tenant_id = $1 AND book_id = $2 AND transaction_id = $3 AND leg = 0
"""

FIND_NEWEST_CHECKPOINT: Final = """
    SELECT note, log_size, root FROM checkpoint
    WHERE tenant_id = $1 AND book_id = $2 ORDER BY checkpoint_no DESC LIMIT 1
"""
