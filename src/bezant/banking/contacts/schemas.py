"""Wire models of contacts."""

from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from bezant.kernel.http import IS_PHONE
from bezant.kernel.sealed import Purpose
from bezant.kernel.telemetry import Sensitive

Name = Annotated[str, Meta(min_length=1, max_length=200)]
Email = Annotated[str, Meta(min_length=3, max_length=254)]
Phone = Annotated[str, Meta(min_length=3, max_length=40, extra=IS_PHONE)]
Iban = Annotated[str, Meta(min_length=5, max_length=42)]

MATCHES_MAX: Final = 100


class NewContact(Sensitive, Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/contacts`. What is left out can be added later.

    Attributes:
        subject_id: the person, where the platform knows the person already; else a new one.
    """

    name: Name
    email: Email | None = None
    phone: Phone | None = None
    iban: Iban | None = None
    subject_id: UUID | None = None


class ContactChange(Sensitive, Struct, frozen=True, forbid_unknown_fields=True):
    """`PATCH /v1/contacts/{contact}`: what is wrong or missing.

    The former values stay in the history that the person may ask for. Nothing is removed in this
    way: that is erasure.
    """

    name: Name | UnsetType = UNSET
    email: Email | UnsetType = UNSET
    phone: Phone | UnsetType = UNSET
    iban: Iban | UnsetType = UNSET

    def __post_init__(self) -> None:
        if not given_in(self):
            raise ValueError("At least one value is needed")


class ContactSearch(Sensitive, Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/contacts/search`: by exactly one value, and why."""

    purpose: Purpose
    email: Email | UnsetType = UNSET
    phone: Phone | UnsetType = UNSET
    iban: Iban | UnsetType = UNSET

    def __post_init__(self) -> None:
        if len(given_in(self)) != 1:
            raise ValueError("Exactly one of `email`, `phone` and `iban` is needed")


class Opening(Struct, frozen=True, forbid_unknown_fields=True):
    """The query parameters of `GET /v1/contacts/{contact}`."""

    purpose: Purpose


class Contact(Struct, frozen=True):
    """A contact without what identifies the person: references to it, or None.

    Attributes:
        subject_id: the person, for export, restriction and erasure.
        row_version: grows with every change.
    """

    id: UUID
    subject_id: UUID
    row_version: int
    name_ref: UUID | None
    email_ref: UUID | None
    phone_ref: UUID | None
    iban_ref: UUID | None
    created_at: datetime
    changed_at: datetime

    def references(self) -> dict[str, UUID]:
        """References by the member that carries the value."""
        held = {
            "name": self.name_ref,
            "email": self.email_ref,
            "phone": self.phone_ref,
            "iban": self.iban_ref,
        }
        return {member: reference for member, reference in held.items() if reference is not None}


class OpenedContact(Sensitive, Struct, frozen=True):
    """A contact with its values; None for what was never given or is erased."""

    id: UUID
    subject_id: UUID
    row_version: int
    name: str | None
    email: str | None
    phone: str | None
    iban: str | None
    created_at: datetime
    changed_at: datetime


class Contacts(Struct, frozen=True):
    """A page of contacts, oldest first."""

    contacts: list[Contact]
    next: str | None


class FoundContacts(Struct, frozen=True):
    """Contacts that a search found, oldest first, at most 100."""

    contacts: list[Contact]


def given_in(request: ContactChange | ContactSearch) -> dict[str, str]:
    """The values that a request gives, by member."""
    members = ("name", "email", "phone", "iban")
    return {
        name: value
        for name, value in msgspec.structs.asdict(request).items()
        if name in members and value is not UNSET
    }
