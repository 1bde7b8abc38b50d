"""Wire models of institutions."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

Country = Annotated[str, Meta(pattern=r"^[A-Z]{2}\Z", description="ISO 3166-1 alpha-2.")]
BankCode = Annotated[str, Meta(pattern=r"^[A-Z0-9]{1,12}\Z")]
BranchCode = Annotated[str, Meta(pattern=r"^[A-Z0-9]{0,10}\Z")]
Bic = Annotated[str, Meta(pattern=r"^[A-Z0-9]{8}([A-Z0-9]{3})?\Z", description="ISO 9362.")]


class NewInstitution(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/institutions`.

    Attributes:
        book_id: where its accounts are kept.
        bank_code: the country's own, as it stands in account numbers.
        branch_code: needed where the country has branches in account numbers; else empty.
    """

    book_id: UUID
    name: Annotated[str, Meta(min_length=1, max_length=140)]
    country: Country
    bank_code: BankCode
    bic: Bic
    branch_code: BranchCode = ""


class Institution(Struct, frozen=True):
    """A bank code of the tenant's in a country, with the book of its accounts."""

    id: UUID
    book_id: UUID
    name: str
    country: str
    bank_code: str
    branch_code: str
    bic: str
    created_at: datetime


class Institutions(Struct, frozen=True):
    """A page of institutions, oldest first."""

    institutions: list[Institution]
    next: str | None
