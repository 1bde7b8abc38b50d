"""What the ledger's wire models are written in: identifiers, amounts, states."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta

from bezant.kernel.http import IS_NUMBER

METADATA_MEMBERS_MAX = 50
# `\Z`, since Python's `$` also matches before a final newline.
AccountId = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9:._@-]{0,127}\Z",
        max_length=128,
        description="The client's own identifier: an opaque reference, no personal data.",
        examples=["customers:42:wallet"],
    ),
]
AssetCode = Annotated[
    str,
    Meta(
        pattern=r"^[A-Z][A-Z0-9]{0,15}\Z",
        max_length=16,
        description="ISO 4217 or own code.",
        examples=["EUR"],
    ),
]
Amount = Annotated[
    str,
    Meta(
        pattern=r"^(0|[1-9][0-9]{0,38})\Z",
        max_length=39,
        description="Minor units.",
        extra=IS_NUMBER,
        examples=["1250"],
    ),
]
PositiveAmount = Annotated[
    str,
    Meta(
        pattern=r"^[1-9][0-9]{0,38}\Z",
        max_length=39,
        description="Minor units, at least one.",
        extra=IS_NUMBER,
        examples=["1250"],
    ),
]
Limit = Annotated[
    str,
    Meta(
        pattern=r"^(0|[1-9][0-9]{0,38})\Z",
        max_length=39,
        description="Minor units.",
        extra=IS_NUMBER,
        examples=["0"],
    ),
]
PostingCode = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9_.-]{0,32}\Z",
        max_length=32,
        description="The client's kind of posting.",
    ),
]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
MetadataKey = Annotated[str, Meta(min_length=1, max_length=64)]
MetadataValue = Annotated[str, Meta(max_length=1_000)]
Metadata = Annotated[dict[MetadataKey, MetadataValue], Meta(max_length=METADATA_MEMBERS_MAX)]


class AccountType(StrEnum):
    """The five types of double-entry accounting. Assets and expenses are debit-normal."""

    ASSET = "asset"
    LIABILITY = "liability"
    EQUITY = "equity"
    INCOME = "income"
    EXPENSE = "expense"


class AccountStatus(StrEnum):
    """Open accounts take postings; frozen and closed ones refuse them."""

    OPEN = "open"
    FROZEN = "frozen"
    CLOSED = "closed"


class Side(StrEnum):
    """One side of a posting, or both of them."""

    DEBIT = "debit"
    CREDIT = "credit"
    BOTH = "both"


class HoldState(StrEnum):
    """An open hold can be captured or voided; the others are final."""

    OPEN = "open"
    CAPTURED = "captured"
    VOIDED = "voided"
    EXPIRED = "expired"
