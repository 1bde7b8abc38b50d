"""What a credential must grant for the routes of banking."""

from typing import Final

READ: Final = "banking:read"
WRITE: Final = "banking:write"
BLOCKS: Final = "banking:blocks"
LIMITS: Final = "banking:limits"
"""To raise limits at once."""

NUMBERS: Final = "banking:numbers"
