"""All that the demo tells: both parts, and whether the books are sound."""

from msgspec import Struct

from bezant.cli.demo.customers import CustomersReport, SoundBook
from bezant.cli.demo.report import Report, is_zero


class DemoReport(Struct, frozen=True):
    """Both parts, and what `bezant verify` makes of every book.

    Attributes:
        verified: None where the platform is on another machine, and its database is out of reach.
    """

    day: Report
    customers: CustomersReport
    verified: list[SoundBook] | None

    @property
    def books_balance(self) -> bool:
        """Whether every trial balance does, and no book differs from its history."""
        is_sound = all(book.is_sound for book in self.verified or ())
        return self.day.books_balance and is_zero(self.customers.difference) and is_sound

    @property
    def is_good(self) -> bool:
        """Whether all came out as it must."""
        return self.books_balance and self.day.is_good and self.customers.is_good
