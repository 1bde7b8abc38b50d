"""Sealed fields: data that identifies people, of which a domain holds references only.

A domain declares each field in one line and never touches a cipher:

    EMAIL = SealedField("contact.email", index=Normal.EMAIL, keep_days=3650)

What it stores in its own tables, writes to history or tells in events is the reference: random, the
same through rectifications and rotations, and of no meaning once the value is erased.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final, Protocol
from uuid import UUID

from msgspec import Meta, Struct

from bezant.kernel.calls import Call
from bezant.kernel.errors import Busy, Conflict, NotFound, Refusal, Unavailable
from bezant.kernel.telemetry import Sensitive

VALUE_BYTES_MAX: Final = 16_384
"""The most that a sealed field holds, as UTF-8."""

Purpose = Annotated[
    str,
    Meta(
        pattern=r"^[a-z][a-z0-9_]{1,63}\Z",
        description="Why the data are touched, as a word that the audit log keeps for ever.",
    ),
]
"""A code, not a sentence: sentences tell about people."""


class Normal(StrEnum):
    """How a value is brought to the form that equality search compares."""

    EMAIL = "email"
    PHONE = "phone"
    IBAN = "iban"
    TAX_ID = "tax_id"


class SealedField(Struct, frozen=True):
    """A field whose values are sealed.

    Attributes:
        name: `record.field`, once in the whole platform; a value opens under this name only.
        index: search by equality, of values in this form; None for no search. Only for what is
            hard to guess: an index over a few possible values would tell them.
        keep_days: after how many days a value is erased; None keeps it with its subject.
    """

    name: str
    index: Normal | None = None
    keep_days: int | None = None


class Sealing(Sensitive, Struct, frozen=True):
    """A value to be sealed.

    Attributes:
        reference: what the domain will hold; random, chosen by the caller, so that a repeat seals
            the same value once.
        subject_id: the person whom it is about, and whose erasure ends it.
        field: what it is.
        value: the text.
    """

    reference: UUID
    subject_id: UUID
    field: SealedField
    value: str


class Opened(Sensitive, Struct, frozen=True):
    """Values by their references. What was erased, or is another tenant's, is not among them."""

    values: dict[UUID, str]


class SubjectErased(NotFound):
    """The person's data were erased: nothing more is sealed under that identifier."""

    code, title = "SUBJECT_ERASED", "The subject was erased"


class SubjectRestricted(Conflict):
    """Processing of the person's data is restricted: for this purpose nothing is opened."""

    code, title = "SUBJECT_RESTRICTED", "Processing of the subject's data is restricted"


class InvalidSealedValue(Refusal):
    """The value is too long, or has not the form that the field's index needs."""

    status, code, title = 422, "INVALID_SEALED_VALUE", "The value does not fit its field"


class FieldValueRefused(Refusal):
    """The value is not what the field holds, so that nobody could find it again."""

    status, code, title = 422, "FIELD_VALUE_REFUSED", "The field holds something else"


class TooManySearches(Busy):
    """Searching again and again would let values be guessed. Try again after `Retry-After`."""

    code, title = "TOO_MANY_SEARCHES", "Too many searches"


class VaultDown(Unavailable):
    """The vault does not answer; nothing can be sealed or opened until it does."""

    code, title = "VAULT_DOWN", "The vault does not answer"


class KeyStoreDown(Unavailable):
    """The key store does not answer. Keys in memory serve for minutes; then this is the answer."""

    code, title = "KEY_STORE_DOWN", "The key store does not answer"


class NoVault(Unavailable):
    """This platform was started without a vault: it keeps no data that identify people."""

    code, title = "NO_VAULT", "There is no vault"


REFUSALS: Final = (VaultDown, KeyStoreDown, NoVault)
"""What every operation on sealed fields may be answered."""


class Provisional(Struct, frozen=True):
    """A value that was sealed and neither kept nor discarded."""

    tenant_id: UUID
    reference: UUID


class Sealer(Protocol):
    """What seals. Implemented by the vault; every method raises `Unavailable` when it is down."""

    async def cover(self, call: Call) -> Call:
        """The call with its fingerprint keyed.

        A plain hash of a body with personal data in it could be guessed.
        """
        ...

    async def seal(self, call: Call, values: Sequence[Sealing]) -> None:
        """Seal values, which stay provisional until they are kept.

        Raises:
            SubjectErased: of one of the subjects nothing may be sealed any more.
            Refusal: a value has not the form that its field's index needs.
        """
        ...

    async def keep(self, tenant_id: UUID, references: Sequence[UUID]) -> None:
        """Make values permanent: the domain's own commit, which holds them, is durable."""
        ...

    async def discard(self, tenant_id: UUID, references: Sequence[UUID]) -> None:
        """Remove values that no record holds, or no longer. Again is no error."""
        ...

    async def replace(self, call: Call, values: Sequence[Sealing]) -> None:
        """Rectify values under their references; the former ones stay in the subject's history.

        Raises:
            SubjectErased: as for `seal`.
            Refusal: as for `seal`.
        """
        ...

    async def open(self, call: Call, references: Sequence[UUID]) -> Opened:
        """The values. An entry of the audit log, with the call's purpose, is durable before.

        Raises:
            SubjectRestricted: the purpose is none of those that a restriction leaves open.
        """
        ...

    async def find(self, call: Call, field: SealedField, value: str) -> Sequence[UUID]:
        """References of the field's values that equal `value` in the index's form.

        Raises:
            TooManySearches: they would let the values be guessed.
            Refusal: the value has not the form of the index.
        """
        ...

    async def provisional(
        self, fields: Sequence[str], before: datetime, limit: int
    ) -> Sequence[Provisional]:
        """Some of every tenant's values of these fields that have waited since before an instant.

        Who sealed them was killed between sealing and keeping.
        """
        ...
