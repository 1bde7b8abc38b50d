"""SQL of fee schedules."""

from typing import Final

INSERT: Final = """
    INSERT INTO fee_schedule (tenant_id, schedule_id, asset, fixed, basis_points, minimum, maximum,
        vat_basis_points, created_at, created_by)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""

FIND: Final = """
    SELECT schedule_id, asset, fixed, basis_points, minimum, maximum, vat_basis_points, created_at
    FROM fee_schedule WHERE tenant_id = $1 AND schedule_id = $2
"""

LIST: Final = """
    SELECT schedule_id, asset, fixed, basis_points, minimum, maximum, vat_basis_points, created_at
    FROM fee_schedule WHERE tenant_id = $1 AND schedule_id > $2
    ORDER BY schedule_id LIMIT $3
"""

READ_SCHEDULES: Final = """
    SELECT schedule_id AS key, asset, fixed, basis_points, minimum, maximum, vat_basis_points
    FROM fee_schedule WHERE tenant_id = $1 AND schedule_id = ANY($2::uuid[])
"""
