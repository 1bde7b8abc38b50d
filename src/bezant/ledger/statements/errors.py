"""Why a statement is declined, and what makes one impossible."""

from bezant.kernel.errors import Refusal


class StatementTooLong(Refusal):
    """The period has more entries than a file may hold. Ask for a shorter one, or read pages."""

    status, code, title = 422, "STATEMENT_TOO_LONG", "The period has too many entries for a file"


class StatementNotRepresentable(Refusal):
    """The format cannot say what the account holds: another asset, finer or longer amounts."""

    status, code, title = 422, "STATEMENT_NOT_REPRESENTABLE", "The format cannot say this"


class StatementBroken(Exception):  # noqa: N818 - what is broken is the book, or this code
    """Opening and movements do not make closing. Nothing is printed; `bezant verify` finds why."""
