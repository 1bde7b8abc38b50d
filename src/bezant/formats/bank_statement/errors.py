"""Why a file is refused, whichever format it is in."""


class StatementUnreadable(Exception):  # noqa: N818 - what the file is, not a fault of ours
    """A file that is not a statement to rely on. It is refused whole.

    Attributes:
        line: where in the file, counted from 1.
        place: the tag, column or element at fault, such as `:61:` or `Document/…/Ntry`.
        reason: what is wrong with it, in one sentence; no name and no account number.
    """

    def __init__(self, line: int, place: str, reason: str) -> None:
        super().__init__(f"line {line}: {place}: {reason}")
        self.line = line
        self.place = place
        self.reason = reason


class Unbalanced(StatementUnreadable):
    """The lines do not lead from the opening to the closing balance.

    Attributes:
        opening: minor units, signed; as are the others.
        movements: the sum of the lines.
        closing: what the statement says.
    """

    def __init__(
        self, line: int, place: str, reason: str, *, opening: int, movements: int, closing: int
    ) -> None:
        super().__init__(line, place, reason)
        self.opening = opening
        self.movements = movements
        self.closing = closing

    @property
    def difference(self) -> int:
        """What the statement says more than its lines come to."""
        return self.closing - self.opening - self.movements
