"""SQL of leases."""

from typing import Final

FIND_OTHER: Final = """
    SELECT 1 FROM lease WHERE name = $1 AND holder <> $2 AND lease_until >= now()
"""

HOLD: Final = """
    INSERT INTO lease (name, holder, lease_until) VALUES ($1, $2, now() + $3::interval)
    ON CONFLICT (name) DO UPDATE SET holder = $2, lease_until = now() + $3::interval
    WHERE lease.holder = $2 OR lease.lease_until < now()
"""

RELEASE: Final = """
    DELETE FROM lease WHERE name = $1 AND holder = $2
"""

DELETE_OLD: Final = """
    DELETE FROM lease WHERE lease_until < now() - $1::interval
"""
