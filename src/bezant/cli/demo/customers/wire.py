"""What the demo reads of the API's answers on customers and payments."""

from datetime import date
from uuid import UUID

from msgspec import Struct


class Made(Struct, frozen=True):
    """Whatever has an identifier."""

    id: UUID


class Institution(Struct, frozen=True):
    """A bank code, and the book of its accounts."""

    id: UUID
    book_id: UUID
    name: str
    bank_code: str
    bic: str


class Institutions(Struct, frozen=True):
    """A page of institutions."""

    institutions: list[Institution]
    next: str | None = None


class Product(Struct, frozen=True):
    """A product."""

    id: UUID
    code: str


class Products(Struct, frozen=True):
    """A page of products."""

    products: list[Product]
    next: str | None = None


class Number(Struct, frozen=True):
    """The number of an account."""

    iban: str
    bic: str


class SubBalance(Struct, frozen=True):
    """What an account has of an asset; minor units."""

    asset: str
    booked: str


class Balances(Struct, frozen=True):
    """What an account has."""

    balances: list[SubBalance]


class Payment(Struct, frozen=True):
    """A payment as it stands."""

    id: UUID
    direction: str
    rail: str
    state: str
    debtor_account: UUID | None
    creditor_account: UUID | None
    amount: str


class Payments(Struct, frozen=True):
    """A page of payments."""

    payments: list[Payment]
    next: str | None = None


class Tally(Struct, frozen=True):
    """How many payments of a file stand alike."""

    outcome: str
    count: int


class Bulk(Struct, frozen=True):
    """A file of payments."""

    id: UUID
    status: str
    tallies: list[Tally]


class Occurrence(Struct, frozen=True):
    """What became of a day of a standing order."""

    no: int
    day: date
    payment_id: UUID | None
    code: str | None


class Occurrences(Struct, frozen=True):
    """Days of a standing order."""

    occurrences: list[Occurrence]
    next: str | None = None


class Verification(Struct, frozen=True):
    """What was found of a payee."""

    id: UUID
    verdict: str
    matched_name: str | None = None


class Recall(Struct, frozen=True):
    """A recall."""

    id: UUID
    state: str


class Debit(Struct, frozen=True):
    """A collection by direct debit."""

    id: UUID
    state: str
    due_on: date
