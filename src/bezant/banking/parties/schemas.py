"""Wire models of parties."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Final
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from bezant.kernel.http import IS_PHONE
from bezant.kernel.pagination import Page
from bezant.kernel.sealed import Purpose
from bezant.kernel.telemetry import Sensitive

Name = Annotated[str, Meta(min_length=1, max_length=200)]
Line = Annotated[str, Meta(min_length=1, max_length=140)]
Country = Annotated[str, Meta(pattern=r"^[A-Z]{2}\Z", description="ISO 3166-1 alpha-2.")]
Email = Annotated[str, Meta(min_length=3, max_length=254)]
Phone = Annotated[str, Meta(min_length=3, max_length=40, extra=IS_PHONE)]
Iban = Annotated[str, Meta(min_length=5, max_length=42)]
TaxId = Annotated[str, Meta(min_length=2, max_length=40)]
Number = Annotated[str, Meta(min_length=1, max_length=60)]
BasisPoints = Annotated[int, Meta(ge=1, le=10_000, description="Hundredths of a percent.")]

MATCHES_MAX: Final = 100


class PartyKind(StrEnum):
    """What a party is; for good."""

    PERSON = "person"
    ORGANISATION = "organisation"


class Verification(StrEnum):
    """How far it is established who a party is."""

    NONE = "none"
    SIMPLIFIED = "simplified"
    STANDARD = "standard"
    ENHANCED = "enhanced"


class Risk(StrEnum):
    """Of money laundering, as compliance assessed it."""

    UNRATED = "unrated"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    PROHIBITED = "prohibited"


class PartyStatus(StrEnum):
    """Whether there is business with a party."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    ERASED = "erased"


class Tie(StrEnum):
    """What another party is to a party."""

    DIRECTOR = "director"
    SHAREHOLDER = "shareholder"
    BENEFICIAL_OWNER = "beneficial_owner"
    GUARDIAN = "guardian"


class Address(Sensitive, Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A postal address, structured as ISO 20022 has it.

    Attributes:
        country: ISO 3166-1 alpha-2.
        town: the only other part that no address goes without.
    """

    country: Country
    town: Line
    street: Line | None = None
    building_number: Annotated[str, Meta(min_length=1, max_length=16)] | None = None
    post_code: Annotated[str, Meta(min_length=1, max_length=16)] | None = None


class TaxResidency(Sensitive, Struct, frozen=True, forbid_unknown_fields=True):
    """Where a party pays tax, and as whom."""

    country: Country
    tax_id: TaxId


class IdentityDocument(Sensitive, Struct, frozen=True, forbid_unknown_fields=True):
    """A document that shows who somebody is: a passport, or an extract from a register."""

    type: Annotated[str, Meta(pattern=r"^[a-z][a-z_]{1,39}\Z")]
    country: Country
    number: Number
    expires_on: date | None = None


class PartyValues(Sensitive, Struct, frozen=True, kw_only=True):
    """What identifies a party; None for what was not given or is erased.

    Attributes:
        other_names: former ones, and the name in other scripts.
        addresses: the one to write to first; so with e-mail addresses and phone numbers.
        iban: an account elsewhere.
    """

    legal_name: Name | None = None
    other_names: Annotated[list[Name], Meta(max_length=10)] | None = None
    birth_date: date | None = None
    registration_number: Number | None = None
    addresses: Annotated[list[Address], Meta(max_length=5)] | None = None
    emails: Annotated[list[Email], Meta(max_length=5)] | None = None
    phones: Annotated[list[Phone], Meta(max_length=5)] | None = None
    iban: Iban | None = None
    tax_residencies: Annotated[list[TaxResidency], Meta(max_length=5)] | None = None
    documents: Annotated[list[IdentityDocument], Meta(max_length=5)] | None = None


class NewParty(PartyValues, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`POST /v1/parties`. What is left out can be added later.

    Attributes:
        subject_id: whom it is about, where the platform knows them already; else somebody new.
    """

    kind: PartyKind
    legal_name: Name
    subject_id: UUID | None = None


class PartyChange(PartyValues, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`PATCH /v1/parties/{party}`: what is wrong or missing.

    The former values stay in the history that the person may ask for. Of a list, the first ones are
    replaced and further ones added. Nothing is removed in this way: that is erasure.
    """

    def __post_init__(self) -> None:
        if not any(msgspec.structs.astuple(self)):
            raise ValueError("At least one value is needed")


class PartySearch(Sensitive, Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/parties/search`: by exactly one value, and why."""

    purpose: Purpose
    email: Email | UnsetType = UNSET
    phone: Phone | UnsetType = UNSET
    iban: Iban | UnsetType = UNSET
    tax_id: TaxId | UnsetType = UNSET

    def __post_init__(self) -> None:
        if len(self.given()) != 1:
            raise ValueError("Exactly one of `email`, `phone`, `iban` and `tax_id` is needed")

    def given(self) -> dict[str, str]:
        """The values by member."""
        values = msgspec.structs.asdict(self)
        del values["purpose"]
        return {name: value for name, value in values.items() if value is not UNSET}


class Opening(Struct, frozen=True, forbid_unknown_fields=True):
    """The query parameters of reading what tells about a party."""

    purpose: Purpose


class PurposedPage(Page, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The query parameters of a listing that tells about parties."""

    purpose: Purpose


class Assessment(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/parties/{party}/assessments`: what compliance found."""

    verification: Verification
    risk: Risk
    suspended: bool = False


class Assessed(Struct, frozen=True):
    """An assessment as it was made; a later one takes its place, and this one stays."""

    row_version: int
    verification: Verification
    risk: Risk
    status: PartyStatus
    assessed_at: datetime
    assessed_by: str


class Assessments(Struct, frozen=True):
    """A party's latest assessments, the latest first, at most 100."""

    assessments: list[Assessed]


class UserLink(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/parties/{party}/user`."""

    user_id: UUID


class Party(Struct, frozen=True):
    """A party without what identifies it: references to that, by what they refer to.

    Attributes:
        subject_id: for export, restriction and erasure.
        user_id: of who logs in as this person.
        row_version: grows with every change.
    """

    id: UUID
    kind: PartyKind
    subject_id: UUID
    user_id: UUID | None
    verification: Verification
    risk: Risk
    status: PartyStatus
    row_version: int
    references: dict[str, UUID]
    created_at: datetime
    changed_at: datetime


class OpenedParty(Sensitive, Struct, frozen=True):
    """A party with its values."""

    party: Party
    values: PartyValues


class Parties(Struct, frozen=True):
    """A page of parties, oldest first."""

    parties: list[Party]
    next: str | None


class FoundParties(Struct, frozen=True):
    """Parties that a search found, oldest first, at most 100."""

    parties: list[Party]


class NewRelationship(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/parties/{party}/relationships`: what another party is to this one.

    Attributes:
        related_party_id: the director, shareholder, owner or guardian.
        share: of the party, for shareholders and beneficial owners only.
    """

    kind: Tie
    related_party_id: UUID
    share: BasisPoints | None = None

    def __post_init__(self) -> None:
        if self.share is not None and self.kind not in {Tie.SHAREHOLDER, Tie.BENEFICIAL_OWNER}:
            raise ValueError("Only shareholders and beneficial owners have a share")
        if self.share is None and self.kind is Tie.SHAREHOLDER:
            raise ValueError("A shareholder has a share")


class Relationship(Struct, frozen=True):
    """What another party is, or was, to a party.

    Attributes:
        valid_until: when it ended; None while it lasts.
        added_by: as the audit log calls them.
    """

    id: UUID
    party_id: UUID
    related_party_id: UUID
    kind: Tie
    share: int | None
    valid_from: datetime
    valid_until: datetime | None
    added_by: str


class Relationships(Struct, frozen=True):
    """A page of a party's relationships, oldest first."""

    relationships: list[Relationship]
    next: str | None
