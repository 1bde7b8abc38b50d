"""What a rail is to the core of payments.

The core owns the order, its states and its postings. A rail turns an attempt into messages of its
scheme and answers into outcomes; it writes nothing, and decides nothing about money.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Protocol, runtime_checkable
from uuid import UUID

from bezant.kernel.telemetry import Sensitive


@dataclass(frozen=True, slots=True, repr=False)
class Coordinates(Sensitive):
    """One side of a payment, as messages name it: personal data.

    Attributes:
        iban: or None where the rail addresses otherwise.
        bic: of the bank, where it is known.
        account_id: of an account of this platform.
    """

    name: str
    iban: str | None = None
    bic: str | None = None
    account_id: UUID | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Outgoing(Sensitive):
    """One attempt, as a rail gets it. What is sent of it is the same at every repeat.

    Attributes:
        attempt_id: unique for ever; the rail derives its message and transaction ids from it, so
            that a repeat is recognised as one by the other side.
        amount: minor units of `asset`, above zero.
        end_to_end_id: the payer's reference, unchanged to the payee (ISO 20022 `EndToEndId`).
        remittance: unstructured text for the payee, or None.
        accepted_at: when the order was accepted; an instant payment's time runs from here.
        deadline: after which no answer is waited for; None where the rail has no time limit.
        sent_by: nobody has sent it after this; None as long as somebody may.
    """

    tenant_id: UUID
    order_id: UUID
    attempt_id: UUID
    institution_id: UUID
    amount: int
    asset: str
    debtor: Coordinates
    creditor: Coordinates
    end_to_end_id: str
    remittance: str | None
    accepted_at: datetime
    deadline: datetime | None = None
    sent_by: datetime | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """Carried out, finally.

    Attributes:
        reference: the scheme's, for queries and reconciliation.
        raw: the message that says so; it goes to sealed storage.
    """

    reference: str
    at: datetime
    raw: bytes = b""


@dataclass(frozen=True, slots=True)
class Pending:
    """Taken, with an answer to come by itself: a file of the day, a later message."""

    reference: str
    raw: bytes = b""


@dataclass(frozen=True, slots=True)
class Rejected:
    """Not carried out, finally, for a reason of the scheme's own list.

    Attributes:
        code: as the scheme gives it, such as `AC04`.
    """

    code: str
    detail: str = ""
    raw: bytes = b""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Sent, perhaps; no answer that says what became of it. Never a failure."""

    why: str
    raw: bytes = b""


@dataclass(frozen=True, slots=True)
class NotSent:
    """Provably not carried out: nothing left the house, or the other side says it has nothing."""

    why: str


@dataclass(frozen=True, slots=True, repr=False)
class Absent:
    """The other side has nothing of it so far: what is still on its way may yet arrive.

    It proves nothing of what was sent. Whoever had it to send, and of whom that is not known, may
    have it sent (again): by its name the other side carries it out once.
    """

    raw: bytes = b""
    why: ClassVar[str] = "NOT_THERE_YET"


Outcome = Settled | Pending | Rejected | Unknown | NotSent | Absent


class Rail(Protocol):
    """A way for money to leave.

    Attributes:
        name: stable, as `sct_inst`; it is stored.
        answers_within_s: by when an answer must have come, after which an instant payment is in
            doubt; None where answers come by themselves.
    """

    @property
    def name(self) -> str:
        """See above."""
        ...

    @property
    def answers_within_s(self) -> int | None:
        """See above."""
        ...

    def settlement_account(self, asset: str) -> str:
        """The ledger account of the institution's book that the rail settles through."""
        ...

    def check(self, outgoing: Outgoing) -> None:
        """Refuse what the scheme could never carry out. Pure.

        Raises:
            NotForRail: wrong currency, amount, name or address for the scheme.
        """
        ...

    async def send(self, outgoing: Outgoing) -> Outcome:
        """Send an attempt, once or again; the other side recognises a repeat.

        Raises nothing for what the network or the other side does: that is an outcome.
        """
        ...

    async def inquire(self, outgoing: Outgoing) -> Outcome:
        """Ask what became of an attempt. Sends nothing that could move money.

        `NotSent` is for what nothing can arrive of any more, `Absent` for what may yet.
        """
        ...


@dataclass(frozen=True, slots=True, repr=False)
class Incoming(Sensitive):
    """A credit that another bank sends to one of our accounts.

    Attributes:
        transaction_id: the scheme's, unique per institution, rail and sender.
        amount: minor units of `asset`, above zero.
        debtor: who pays.
        creditor: whom the sender means; found by the IBAN.
        accepted_at: when the payer's bank accepted it.
        raw: the message; it goes to sealed storage.
    """

    tenant_id: UUID
    institution_id: UUID
    rail: str
    transaction_id: str
    sender_bic: str
    amount: int
    asset: str
    debtor: Coordinates
    creditor: Coordinates
    end_to_end_id: str
    remittance: str | None
    accepted_at: datetime
    raw: bytes


@dataclass(frozen=True, slots=True, repr=False)
class Return(Sensitive):
    """Money of one of our payments that comes back (pacs.004), settled by the scheme.

    Attributes:
        original_transaction_id: of our attempt, as the rail named it to the scheme: the reference
            of its outcome.
        return_id: of the bank that gives it back, unique among its own.
        amount: minor units of `asset`; less than the payment's where a part comes back.
        code: why, of the scheme's list.
    """

    tenant_id: UUID
    institution_id: UUID
    rail: str
    original_transaction_id: str
    return_id: str
    amount: int
    asset: str
    code: str
    raw: bytes


@dataclass(frozen=True, slots=True, repr=False)
class Recall(Sensitive):
    """Another bank asks for the money of a credit that we took (camt.056).

    Attributes:
        original_transaction_id: the scheme's, of the credit.
        case_id: of the bank that asks, unique among its own.
        code: why, of the scheme's list: DUPL, TECH, FRAD, CUST and others.
        sender_bic: who asks, where two senders may have given one name; None where it is not known.
    """

    tenant_id: UUID
    institution_id: UUID
    rail: str
    original_transaction_id: str
    case_id: str
    code: str
    raw: bytes
    sender_bic: str | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """It is ours to deal with: durable.

    Attributes:
        order_id: of the order that it made or belongs to.
    """

    order_id: UUID


@dataclass(frozen=True, slots=True)
class Unmatched:
    """Money that is here, and is of no payment of ours: booked, it waits for whoever decides.

    Attributes:
        unapplied_id: what the money is known by.
    """

    unapplied_id: UUID


@dataclass(frozen=True, slots=True)
class Refused:
    """It is not taken, finally; nothing was posted.

    Attributes:
        code: of ISO 20022's external list, such as AC03, AC04, AC06, AG01, AM05 or MS03.
    """

    code: str


class Receiver(Protocol):
    """What the core of payments is to a rail that receives.

    Everything may be told twice, by two processes at once too; the second gets the first's answer.
    """

    async def offer(self, incoming: Incoming) -> Taken | Refused:
        """Whether a credit is taken. Taken, it is `pending`, and credited once concluded."""
        ...

    async def conclude(self, tenant_id: UUID, order_id: UUID, settled_at: datetime | None) -> None:
        """What the scheme made of a credit that was taken; None: it cancelled it.

        Should it say the opposite later, nothing moves, and `payment.contradicted` is told.
        """
        ...

    async def credited(self, incoming: Incoming) -> Taken | Refused:
        """A credit that the scheme settled before it told us: taken and credited in one commit.

        What is refused goes back by a return of the rail's.
        """
        ...

    async def returned(self, returned: Return) -> Taken | Unmatched | Refused:
        """Money of one of our payments came back.

        It is settled, so it is booked: what is of no payment of ours, or more than was paid, waits.

        Refused: another of its name was booked (`AM05`), it is in another currency (`AM03`), or the
            payment was never carried out (`NOOR`), as the scheme had said.
        """
        ...

    async def recalled(self, recall: Recall) -> UUID | Refused:
        """Record a recall, which waits for an answer; the case's identifier.

        Refused: there is no credit of that name (`NOOR`), or it was not taken (`ARDT`).

        Raises:
            PaymentNotFound: there is more than one of that name.
        """
        ...

    async def recall_answered(self, recall: Recall, refusal: str | None, said_at: datetime) -> bool:
        """The payee's bank says something of a recall of ours (camt.029); whether there is one.

        Args:
            recall: with our own case's and transaction's names, as they were sent; without the
                case's it is about the one that waits for an answer.
            refusal: why it is refused, of the scheme's list; None where it is not (yet), so that
                it stays open, and what is said is kept.
            said_at: by the clock of that bank.
        """
        ...


@dataclass(frozen=True, slots=True, repr=False)
class Asked(Sensitive):
    """A recall, as a rail gets it to answer or to send it. The same at every repeat.

    Attributes:
        message_id: of what is told; the rail derives its ids from it. Whoever answers anew, after
            a refusal of the scheme's, says something else, and has another.
        at: when that was decided.
        case_id: the asking bank's, where it was another that asked.
        original_transaction_id: the scheme's, of the payment whose money is asked for.
        counterparty_bic: of the other bank, where it is known.
        counterparty_iban: of the payee of a payment of ours, which may tell the bank.
        amount: minor units of `asset`, of the payment.
        code: why it is asked for.
    """

    tenant_id: UUID
    institution_id: UUID
    message_id: UUID
    at: datetime
    order_id: UUID
    case_id: str
    original_transaction_id: str
    counterparty_bic: str | None
    amount: int
    asset: str
    code: str
    counterparty_iban: str | None = None


@runtime_checkable
class Returning(Protocol):
    """A rail over which money can be asked back, and given back.

    Each sends once or again: the other side recognises a repeat. Pending: the scheme has it, and
    what comes of it comes by itself (through `Receiver`, for a recall that we sent).

    Attributes:
        recall_refusals: the codes that the scheme lets a recall be refused with.
    """

    @property
    def recall_refusals(self) -> frozenset[str]:
        """See above."""
        ...

    async def send_recall(self, asked: Asked) -> Outcome:
        """Ask the payee's bank for the money of a payment of ours (camt.056)."""
        ...

    async def send_return(self, asked: Asked) -> Outcome:
        """Give back the money of a credit (pacs.004): the positive answer to a recall."""
        ...

    async def answer_recall(self, asked: Asked, refusal: str) -> Outcome:
        """Refuse a recall, with a code of the scheme's list (camt.029)."""
        ...
