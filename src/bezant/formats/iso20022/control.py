"""Counts and control sums: what files say of themselves, and what is there."""

import re
from decimal import Decimal
from typing import Final

from bezant.formats.iso20022.errors import SumsDisagree

_COUNT: Final = re.compile(r"[0-9]{1,15}")
_SUM: Final = re.compile(r"(?=[0-9.]{1,19}\Z)[0-9]{1,18}(?:\.[0-9]{1,17})?")


class Control:
    """What a header says of how much follows, and what did.

    Args:
        where: the header stands.
    """

    def __init__(self, where: str) -> None:
        self._where = where
        self._expected: tuple[str | None, str | None] = None, None
        self._count = 0
        self._sum = Decimal(0)

    def expect(self, count: str | None, total: str | None) -> None:
        """Take what the header of a file, or of a group, says: `NbOfTxs` and `CtrlSum`."""
        self._expected = count, total

    def add(self, amount: Decimal) -> None:
        """Count one more, of whatever currency: control sums add numbers."""
        self._count += 1
        self._sum += amount

    def check(self) -> None:
        """See that it agrees.

        Raises:
            SumsDisagree: it does not; what was left out agrees with anything.
        """
        count, total = self._expected
        if count is not None and (not _COUNT.fullmatch(count) or int(count) != self._count):
            reason = f"It is not {self._count}, the number of what follows."
            raise SumsDisagree(f"{self._where}/NbOfTxs", reason)
        if total is not None and (not _SUM.fullmatch(total) or Decimal(total) != self._sum):
            raise SumsDisagree(f"{self._where}/CtrlSum", "It is not the sum of what follows.")
