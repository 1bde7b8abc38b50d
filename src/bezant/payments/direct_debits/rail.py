"""What a scheme of direct debits is to the core, and the core to it.

The core owns collections, their states and their postings. A rail turns them into messages of its
scheme (pacs.003 and what follows it) and hands over what other banks send.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from bezant.kernel.telemetry import Sensitive
from bezant.payments.direct_debits.domain import Scheme
from bezant.payments.direct_debits.domain import Sequence as MandateSequence
from bezant.payments.direct_debits.reasons import Back
from bezant.payments.direct_debits.schemas import DebitContent
from bezant.payments.rails import Pending, Rejected, Settled, Unknown


class TooEarly(Exception):  # noqa: N818 - what is the case
    """What gives a collection back was told before what settles it: it has to come again."""


@dataclass(frozen=True, slots=True, repr=False)
class Collection(Sensitive):
    """A collection between two banks. The same at every repeat.

    Attributes:
        id: of a collection of ours; the rail derives its transaction id from it.
        message: what the message is named after that it is in, with others or alone.
        amount: minor units of `asset`, above zero.
        due_on: the day that the creditor asks for.
        created_at: when it was announced.
        creditor_iban: of the account that it is collected for.
    """

    tenant_id: UUID
    institution_id: UUID
    id: UUID
    message: UUID
    scheme: Scheme
    sequence: MandateSequence
    amount: int
    asset: str
    due_on: date
    created_at: datetime
    creditor_iban: str
    content: DebitContent


@dataclass(frozen=True, slots=True, repr=False)
class Incoming(Sensitive):
    """A collection that another bank presents.

    Attributes:
        rail: the scheme's name.
        transaction_id: the other bank's own, unique together with its BIC.
        message: as it came; it goes to sealed storage.
    """

    tenant_id: UUID
    institution_id: UUID
    rail: str
    sender_bic: str
    transaction_id: str
    scheme: Scheme
    sequence: MandateSequence
    amount: int
    asset: str
    due_on: date
    content: DebitContent
    message: bytes = b""


@dataclass(frozen=True, slots=True)
class Original:
    """What the other bank calls a collection that it presented."""

    message_id: str
    transaction_id: str
    end_to_end_id: str


@dataclass(frozen=True, slots=True)
class GivenBack:
    """What is told to the other bank about a collection, once however often it is sent.

    Attributes:
        id: of the collection.
        original: of one that the other bank presented; else None.
        message: what the message of one of ours was named after; else None.
    """

    tenant_id: UUID
    institution_id: UUID
    id: UUID
    back: Back
    code: str
    amount: int
    asset: str
    original: Original | None
    message: UUID | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """The collection is stored, and will be debited on its due date, or told about."""

    debit_id: UUID


@dataclass(frozen=True, slots=True)
class Declined:
    """The collection is rejected at once.

    Attributes:
        code: of the scheme, such as `AC01`.
    """

    code: str


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """The scheme has stopped the collection: it will not settle.

    Attributes:
        raw: the message that says so; it goes to sealed storage.
    """

    raw: bytes = b""


@dataclass(frozen=True, slots=True)
class Kept:
    """The collection is not stopped: it has settled, or ended otherwise.

    Attributes:
        code: why, of the scheme's list.
    """

    code: str


class DebitRail(Protocol):
    """The way of collections to other banks, and of what is told about theirs.

    Attributes:
        name: stable, as `sdd`; it is stored.
    """

    @property
    def name(self) -> str:
        """See above."""
        ...

    def check(self, collection: Collection) -> None:
        """Refuse what the scheme could never carry out. Pure.

        Raises:
            NotForRail: wrong currency, amount, name or address for the scheme.
        """
        ...

    async def present(
        self, collections: Sequence[Collection]
    ) -> Mapping[UUID, Settled | Pending | Rejected | Unknown]:
        """Send the collections of a message, once or again; what became of each, by its id.

        The answer to a repeat says how each stands.

        Raises nothing for what the network or the other side does: that is an outcome.
        """
        ...

    async def withdraw(self, collection: Collection, code: str) -> Withdrawn | Kept | Unknown:
        """Have the scheme stop a collection that was presented, if it has not settled."""
        ...

    async def tell(self, given_back: GivenBack) -> Pending | Rejected | Unknown:
        """Send an R-transaction, once or again; the other side recognises a repeat."""
        ...


class Collections(Protocol):
    """What a rail hands over. Each may be repeated: the same again changes nothing.

    `message` is what the other side said it with; it goes to sealed storage.
    """

    async def takes(
        self, tenant_id: UUID, institution_id: UUID, debit_id: UUID
    ) -> tuple[int, str] | None:
        """Amount and asset of an institution's collection; None where it has no such."""
        ...

    async def offer(self, incoming: Incoming) -> Taken | Declined:
        """A collection from another bank, before its due date."""
        ...

    async def withdrawn(
        self, tenant_id: UUID, debit_id: UUID, code: str, message: bytes = b""
    ) -> bool:
        """The other bank cancels a collection that it presented; whether that was in time."""
        ...

    async def reversed(
        self, tenant_id: UUID, debit_id: UUID, code: str, message: bytes = b""
    ) -> bool:
        """The other bank's creditor gives a settled collection back; whether it was settled.

        Raises:
            TooEarly: it is not debited yet.
        """
        ...

    async def settled(self, tenant_id: UUID, debit_id: UUID, message: bytes = b"") -> bool:
        """A collection of ours is settled; whether it is now."""
        ...

    async def given_back(
        self, tenant_id: UUID, debit_id: UUID, back: Back, code: str, message: bytes = b""
    ) -> bool:
        """The debtor's bank rejects, returns or refunds a collection of ours.

        Raises:
            TooEarly: what is returned or refunded has not settled here yet.
        """
        ...
