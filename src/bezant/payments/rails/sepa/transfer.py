"""SCT: a transfer that the clearing system takes at once, and settles with a later cycle.

Each is a message of its own; the batches of a cycle are the clearing system's.
"""

from datetime import timedelta
from typing import ClassVar

from bezant.payments.rails.sepa.rail import CsmRail


class TransferRail(CsmRail):
    """The rail. Its answer is `Pending`; what a cycle brings is asked for, or told by a message."""

    name: ClassVar[str] = "sct"
    answers_within_s: ClassVar[int | None] = None
    instrument: ClassVar[str | None] = None
    # Longer than a connection keeps what it could not deliver.
    under_way_max: ClassVar[timedelta] = timedelta(minutes=30)
