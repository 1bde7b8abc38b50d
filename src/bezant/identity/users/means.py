"""What everything about users works with."""

import os
from collections.abc import Callable
from dataclasses import dataclass

from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.kernel.ids import Ids


@dataclass(frozen=True, slots=True)
class Means:
    """Where rows, the time, identifiers and chance come from.

    Attributes:
        database: connected as the application's role.
        random_bytes: of secrets, codes, tickets and challenges.
    """

    database: Database
    clock: Clock
    ids: Ids
    random_bytes: Callable[[int], bytes] = os.urandom
