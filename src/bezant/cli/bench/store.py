"""SQL of the benchmark."""

from typing import Final

FIND_PARTITION: Final = """
    SELECT tableoid::regclass::text AS name FROM lane WHERE tenant_id = $1 AND book_id = $2
"""

# The reference has a database of its own.
REFERENCE_DATABASE: Final = "reference"

CREATE_REFERENCE: Final = "CREATE DATABASE reference"

# What the load wrote is on disk before a clock starts.
CHECKPOINT: Final = "CHECKPOINT"

DROP_REFERENCE: Final = "DROP DATABASE reference"
