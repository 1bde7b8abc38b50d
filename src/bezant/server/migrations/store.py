"""SQL around migrations."""

from typing import Final

LOCK_TIMEOUT: Final = "SET lock_timeout = '5s'"

# One row. `schema_version` is the newest contract that the schema serves, `contract` the oldest.
CREATE_CONTRACT: Final = """
    CREATE TABLE IF NOT EXISTS schema_contract (
        row_no smallint PRIMARY KEY CHECK (row_no = 1),
        contract integer NOT NULL,
        schema_version integer NOT NULL
    )
"""

SET_CONTRACT: Final = """
    INSERT INTO schema_contract (row_no, contract, schema_version) VALUES (1, $1, $2)
    ON CONFLICT (row_no) DO UPDATE SET contract = greatest(schema_contract.contract, $1),
        schema_version = greatest(schema_contract.schema_version, $2)
"""

FIND_CONTRACT: Final = "SELECT contract, schema_version FROM schema_contract WHERE row_no = 1"

FIND_TABLE: Final = "SELECT to_regclass($1)"

GRANT_SCHEMA: Final = "GRANT USAGE ON SCHEMA public TO {role}"

GRANT: Final = "GRANT {privileges} ON {table} TO {role}"
