"""SQL of charts of accounts: one row for each version, whole."""

from typing import Final

# The newest that fits: of a version, of what was known at an instant, or of all.
FIND_CHART: Final = """
    SELECT version, content, actor, recorded_at FROM chart
    WHERE tenant_id = $1 AND book_id = $2 AND ($3::integer IS NULL OR version = $3)
        AND ($4::timestamptz IS NULL OR recorded_at <= $4)
    ORDER BY version DESC LIMIT 1
"""

INSERT_CHART: Final = """
    INSERT INTO chart (tenant_id, book_id, version, content, actor, recorded_at)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (tenant_id, book_id, version) DO NOTHING RETURNING version
"""
