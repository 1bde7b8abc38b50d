"""What a bank tells of an account (ISO 20022 camt.053, and camt.052 and camt.054 as well).

Element names of the standard are given in the attributes' descriptions. Amounts are integers of
minor units at the currency's ISO 4217 scale; where a sign has a meaning, credit on the owner's
account is positive.
"""

from datetime import date, datetime
from enum import StrEnum

from msgspec import Struct


class Direction(StrEnum):
    """`CdtDbtInd`: how the owner's balance moves. A credit adds to it."""

    CREDIT = "CRDT"
    DEBIT = "DBIT"

    @property
    def sign(self) -> int:
        """+1 for a credit, -1 for a debit."""
        return 1 if self is Direction.CREDIT else -1

    @property
    def opposite(self) -> "Direction":
        """The other direction."""
        return Direction.DEBIT if self is Direction.CREDIT else Direction.CREDIT


class Amount(Struct, frozen=True, gc=False):
    """Minor units, zero or more, of an ISO 4217 currency."""

    minor_units: int
    currency: str


class MessageHeader(Struct, frozen=True):
    """`GrpHdr`. A message that spreads over several files counts its pages."""

    id: str
    page: int = 1
    is_last_page: bool = True


class CreditLine(Struct, frozen=True):
    """`CdtLine`: an agreed overdraft, and whether the balance beside it already counts it."""

    amount: int
    is_included: bool


class Balance(Struct, frozen=True):
    """`Bal`. `type` is a code such as `CLBD`, or the bank's own name where `is_proprietary`.

    Attributes:
        amount: signed, as written: with the credit lines that are said to be included.
        sub_type: a part of the balance, such as blocked funds; empty for the balance itself.
    """

    line: int
    type: str
    is_proprietary: bool
    sub_type: str
    amount: int
    currency: str
    date: date
    credit_lines: tuple[CreditLine, ...] = ()

    @property
    def own_amount(self) -> int:
        """The signed amount without the credit lines included in it: the money itself."""
        return self.amount - sum(line.amount for line in self.credit_lines if line.is_included)


class Total(Struct, frozen=True):
    """A count and sum of `TxsSummry`, each of them optional. `net` is signed."""

    line: int
    count: int | None = None
    sum: int | None = None
    net: int | None = None


class Summary(Struct, frozen=True):
    """`TxsSummry`: what the bank counted; over all entries, the credits, the debits."""

    all: Total | None = None
    credits: Total | None = None
    debits: Total | None = None


class BankAccount(Struct, frozen=True):
    """`Acct`. `scheme` is `IBAN`, or how else the identifier is to be read."""

    id: str
    scheme: str
    currency: str | None = None
    owner: str = ""
    servicer: str = ""


class StatementHeader(Struct, frozen=True):
    """All of a `Stmt` (of camt.052 a `Rpt`, of camt.054 a `Ntfctn`) but its entries.

    Attributes:
        id: `Id`, given by the bank.
        electronic_number: `ElctrncSeqNb`; None when absent.
        legal_number: `LglSeqNb`; None when absent.
        page: `StmtPgntn/PgNb`, or the message's page where the statement has none of its own.
        is_only_page: whether the statement is complete in this file.
        period: `FrToDt` as written, two ISO 8601 instants; None when absent.
        copy: `CpyDplctInd`: `COPY`, `DUPL`, `CODU`; empty for an original.
        currency: empty where a report without balances and entries does not tell it.
        kind: of the message, such as `camt.053`.
    """

    line: int
    message: MessageHeader
    id: str
    electronic_number: str | None
    legal_number: str | None
    page: int
    is_only_page: bool
    period: tuple[str, str] | None
    copy: str
    account: BankAccount
    currency: str
    balances: tuple[Balance, ...]
    summary: Summary
    kind: str = "camt.053"


class BankTransactionCode(Struct, frozen=True):
    """`BkTxCd`: the standard's domain, family and sub-family, and the bank's own code."""

    domain: str = ""
    family: str = ""
    sub_family: str = ""
    proprietary: str = ""

    def __str__(self) -> str:
        """Such as `PMNT.RCDT.VCOM`; the bank's own code where the standard's is absent."""
        standard = ".".join(part for part in (self.domain, self.family, self.sub_family) if part)
        return standard or self.proprietary


class Party(Struct, frozen=True):
    """A debtor or creditor: `Nm`, `Id`, and the identifier of its account with its scheme."""

    name: str = ""
    identification: str = ""
    account: str = ""
    account_scheme: str = ""

    @property
    def is_known(self) -> bool:
        """Whether anything identifies it."""
        return bool(self.account or self.identification or self.name)


class Detail(Struct, frozen=True):
    """`TxDtls`: one payment behind an entry.

    Attributes:
        amount: of this payment in the account's books; None when absent.
        direction: `CdtDbtInd`; None when absent, which means the entry's own.
        references: `Refs`, by element name: `EndToEndId`, `MsgId`, `MndtId`, ….
        remittance: `RmtInf`, unstructured lines and structured references, one a line.
        information: `AddtlTxInf`.
    """

    line: int
    amount: Amount | None
    direction: Direction | None
    debtor: Party
    creditor: Party
    references: tuple[tuple[str, str], ...]
    remittance: str
    information: str

    @property
    def end_to_end_id(self) -> str:
        """`EndToEndId`; empty when absent."""
        return dict(self.references).get("EndToEndId", "")


class Entry(Struct, frozen=True):
    """`Ntry`: one movement on the account.

    Attributes:
        ordinal: its place in the statement, from 1.
        direction: the movement's own; a reversed debit is a credit (`RvslInd`, usage).
        status: `BOOK`, `PDNG`, `INFO`, `FUTR`, or the bank's own.
        booking_date: the value date where the bank leaves it out.
        value_date: the booking date where the bank leaves it out.
    """

    line: int
    ordinal: int
    amount: int
    currency: str
    direction: Direction
    is_reversal: bool
    status: str
    booking_date: date | None
    booking_instant: datetime | None
    value_date: date | None
    reference: str
    servicer_reference: str
    code: BankTransactionCode
    information: str
    details: tuple[Detail, ...]

    @property
    def is_booked(self) -> bool:
        """Whether it is in the account's books. Pending and informational entries are not."""
        return self.status == "BOOK"

    @property
    def moves_money(self) -> bool:
        """Whether it is booked, and of more than zero."""
        return self.is_booked and self.amount > 0

    @property
    def movement(self) -> int:
        """The signed change of the owner's balance."""
        return self.direction.sign * self.amount
