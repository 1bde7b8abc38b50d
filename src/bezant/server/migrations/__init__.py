"""The schemas: revisions in order, the contract they keep with running code, and who may do what.

Every revision keeps the code before it working (expand, then contract), so that servers are
upgraded one by one. A revision that removes what older code needs raises the schema's contract;
code below the contract refuses to start.
"""

from bezant.server.migrations.contract import (
    CONTRACT,
    KEYS_CONTRACT,
    SchemaTooNew,
    SchemaTooOld,
    check_schema,
)
from bezant.server.migrations.migrate import migrate, migrate_keys

__all__ = [
    "CONTRACT",
    "KEYS_CONTRACT",
    "SchemaTooNew",
    "SchemaTooOld",
    "check_schema",
    "migrate",
    "migrate_keys",
]
