"""Whether the lines of a statement lead from its opening to its closing balance."""

from collections.abc import Iterable, Iterator

from bezant.formats.bank_statement.errors import Unbalanced
from bezant.formats.bank_statement.model import (
    Part,
    StatementClosed,
    StatementLine,
    StatementOpened,
)
from bezant.formats.iso4217 import scale_of
from bezant.kernel.money import format_units


def checked(parts: Iterable[Part]) -> Iterator[Part]:
    """Pass the parts on; a statement that states both balances has to add up.

    Raises:
        Unbalanced: it does not; with the figures.
    """
    opened: StatementOpened | None = None
    movements = count = 0
    for part in parts:
        if isinstance(part, StatementOpened):
            opened, movements, count = part, 0, 0
        elif isinstance(part, StatementLine):
            movements += part.amount
            count += 1
        else:
            assert opened is not None, "a statement is opened first"
            _check(opened, part, movements, count)
        yield part


def _check(opened: StatementOpened, end: StatementClosed, movements: int, count: int) -> None:
    if opened.opening is None or end.closing is None or end.is_explained:
        return
    start, closing = opened.opening.amount, end.closing.amount
    if start + movements == closing:
        return

    def text(amount: int) -> str:
        return f"{format_units(amount, scale_of(opened.currency))} {opened.currency}"

    raise Unbalanced(
        end.at,
        "closing balance",
        f"The opening balance {text(start)} and {count} lines of {text(movements)} come to"
        f" {text(start + movements)}; the closing balance says {text(closing)}, a difference of"
        f" {text(closing - start - movements)}.",
        opening=start,
        movements=movements,
        closing=closing,
    )
