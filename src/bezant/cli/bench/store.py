"""SQL of the benchmark."""

from typing import Final

FIND_PARTITION: Final = """
    SELECT tableoid::regclass::text AS name FROM lane WHERE tenant_id = $1 AND book_id = $2
"""
