"""SQL of the proxy."""

from typing import Final

INSERT_DESTINATION: Final = """
    INSERT INTO vault_destination
        (tenant_id, destination_id, host, port, path_prefix, created_at)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (tenant_id, host, port, path_prefix) DO NOTHING
"""

LIST_DESTINATIONS: Final = """
    SELECT destination_id, host, port, path_prefix, created_at FROM vault_destination
    WHERE tenant_id = $1 ORDER BY destination_id
"""

DELETE_DESTINATION: Final = """
    DELETE FROM vault_destination WHERE tenant_id = $1 AND destination_id = $2
"""

INSERT_FORWARD: Final = """
    INSERT INTO vault_forward (tenant_id, forward_id, state, tokens, subjects, created_at)
    VALUES ($1, $2, 'sending', $3, $4, $5)
"""

FIND_FORWARD: Final = """
    SELECT state, tokens, subjects, reference FROM vault_forward
    WHERE tenant_id = $1 AND forward_id = $2
"""

RESUME_FORWARD: Final = """
    UPDATE vault_forward SET state = 'sending', ended_at = NULL
    WHERE tenant_id = $1 AND forward_id = $2 AND state = 'unsent'
"""

END_FORWARD: Final = """
    UPDATE vault_forward SET state = $3, reference = $4, ended_at = $5
    WHERE tenant_id = $1 AND forward_id = $2 AND state = 'sending'
"""

FIND_OLD_FORWARDS: Final = """
    SELECT forward_id, reference FROM vault_forward
    WHERE tenant_id = $1 AND created_at < $2 ORDER BY created_at LIMIT $3
"""

DELETE_FORWARDS: Final = """
    DELETE FROM vault_forward WHERE tenant_id = $1 AND forward_id = ANY($2::uuid[])
"""

FIND_OF_SUBJECT: Final = """
    SELECT forward_id, state, created_at FROM vault_forward
    WHERE tenant_id = $1 AND $2 = ANY(subjects) ORDER BY created_at, forward_id LIMIT $3
"""

FIND_ANSWERS_OF_SUBJECTS: Final = """
    SELECT reference FROM vault_forward
    WHERE tenant_id = $1 AND subjects && $2::uuid[] AND reference IS NOT NULL
"""
