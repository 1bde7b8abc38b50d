"""SCT Inst: a payment that is answered within ten seconds, or is in doubt."""

from datetime import timedelta
from typing import ClassVar

from bezant.payments.rails.sepa.messages import INSTANT
from bezant.payments.rails.sepa.rail import CsmRail


class InstantRail(CsmRail):
    """The rail. A clearing system refuses what was accepted more than ten seconds ago."""

    name: ClassVar[str] = "sct_inst"
    answers_within_s: ClassVar[int | None] = 10
    instrument: ClassVar[str | None] = INSTANT
    under_way_max: ClassVar[timedelta] = timedelta(seconds=20)
