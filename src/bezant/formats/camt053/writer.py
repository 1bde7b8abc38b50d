"""Writing a camt.053 file as a stream: one statement, entry by entry, in memory that does not grow.

Version 08 of the message, which the reader beside it reads back to the same figures.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import BinaryIO, Final
from xml.sax.saxutils import escape

from bezant.formats.camt053.model import Direction
from bezant.formats.iso4217 import is_currency_code, scale_of
from bezant.kernel.money import format_units

VERSION: Final = "camt.053.001.08"
AMOUNT_MAX: Final = 10**18 - 1
"""Minor units: an amount has at most 18 digits (`ActiveOrHistoricCurrencyAndAmount`)."""

ACCOUNT_ID_CHARACTERS_MAX: Final = 34
INFORMATION_CHARACTERS_MAX: Final = 500
REMITTANCE_CHARACTERS_MAX: Final = 140
_NAME_CHARACTERS_MAX: Final = 140

# What XML 1.0 cannot carry, and what its readers make blanks of.
_FOREIGN: Final = re.compile("[^ -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

# Of an entry without a code of its own: the standard's extended domain, "not available".
_NO_CODE: Final = "<Domn><Cd>XTND</Cd><Fmly><Cd>NTAV</Cd><SubFmlyCd>NTAV</SubFmlyCd></Fmly></Domn>"


@dataclass(frozen=True, slots=True)
class OutgoingAccount:
    """An account by an identifier of at most 34 characters, and the scheme it is of."""

    id: str
    scheme: str


@dataclass(frozen=True, slots=True)
class OutgoingBalance:
    """A `Bal`: a code such as `OPBD`, and what is on the account; a credit is positive."""

    type: str
    amount: int
    date: date


@dataclass(frozen=True, slots=True)
class OutgoingTotal:
    """The number of entries in a direction, and their sum."""

    count: int
    sum: int


@dataclass(frozen=True, slots=True)
class OutgoingStatement:
    """A `Stmt` without its entries. Amounts are minor units at the currency's ISO 4217 scale.

    Attributes:
        id: of the statement, and of the message that carries it alone; at most 35 characters.
        electronic_number: orders the statements of an account; at most 18 digits.
        created_at: and the bounds of the period: instants with their zone.
        servicer: the name of who keeps the account.
        information: at most 500 characters; empty for none.
    """

    id: str
    electronic_number: int
    created_at: datetime
    period: tuple[datetime, datetime]
    account: OutgoingAccount
    currency: str
    servicer: str
    opening: OutgoingBalance
    closing: OutgoingBalance
    credits: OutgoingTotal
    debits: OutgoingTotal
    information: str = ""


@dataclass(frozen=True, slots=True)
class OutgoingEntry:
    """A booked `Ntry` of one payment.

    Attributes:
        amount: above zero.
        reference: `NtryRef`, and `servicer_reference`: at most 35 characters each.
        code: the servicer's own; empty for none.
        counterparty: the debtor of a credit, the creditor of a debit.
        information: `AddtlNtryInf`; remittance: lines of `RmtInf`. Cut to what they may hold.
        detail: `AddtlTxInf`, likewise.
    """

    amount: int
    direction: Direction
    booking_date: date
    value_date: date
    reference: str
    servicer_reference: str
    code: str
    counterparty: OutgoingAccount
    information: str = ""
    remittance: tuple[str, ...] = ()
    detail: str = ""


class StatementWriter:
    """Writes one statement: its head when made, then entries, then the end.

    Args:
        file: what it is written to; it stays open.
    """

    def __init__(self, file: BinaryIO, statement: OutgoingStatement) -> None:
        assert is_currency_code(statement.currency), statement.currency
        self._file = file
        self._statement = statement
        self._scale = scale_of(statement.currency)
        self._write(*self._head())

    def add(self, entry: OutgoingEntry) -> None:
        """Write the next entry."""
        assert 0 < entry.amount <= AMOUNT_MAX, "an entry of nothing, or of too many digits"
        amount = self._amount(entry.amount) + _leaf("CdtDbtInd", entry.direction)
        code = _element("Prtry", _leaf("Cd", entry.code)) if entry.code else _NO_CODE
        self._write(
            "<Ntry>",
            _leaf("NtryRef", entry.reference),
            amount,
            "<Sts><Cd>BOOK</Cd></Sts>",
            _element("BookgDt", _leaf("Dt", entry.booking_date.isoformat())),
            _element("ValDt", _leaf("Dt", entry.value_date.isoformat())),
            _leaf("AcctSvcrRef", entry.servicer_reference),
            _element("BkTxCd", code),
            "<NtryDtls><TxDtls>",
            amount,
            *_details(entry),
            "</TxDtls></NtryDtls>",
            _optional("AddtlNtryInf", entry.information, INFORMATION_CHARACTERS_MAX),
            "</Ntry>\n",
        )

    def close(self) -> None:
        """Write the end."""
        information = self._statement.information
        self._write(
            _optional("AddtlStmtInf", information, INFORMATION_CHARACTERS_MAX),
            "</Stmt></BkToCstmrStmt></Document>\n",
        )

    def _head(self) -> Iterator[str]:
        statement = self._statement
        created = _leaf("CreDtTm", statement.created_at.isoformat())
        start, end = (instant.isoformat() for instant in statement.period)
        servicer = _leaf("Nm", statement.servicer[:_NAME_CHARACTERS_MAX])
        yield '<?xml version="1.0" encoding="UTF-8"?>\n'
        yield f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:{VERSION}"><BkToCstmrStmt>'
        yield _element("GrpHdr", _leaf("MsgId", statement.id) + created)
        yield "\n<Stmt>"
        yield _leaf("Id", statement.id)
        yield _leaf("ElctrncSeqNb", str(statement.electronic_number))
        yield created
        yield _element("FrToDt", _leaf("FrDtTm", start) + _leaf("ToDtTm", end))
        yield "<Acct>"
        yield _account_id(statement.account)
        yield _leaf("Ccy", statement.currency)
        yield _element("Svcr", _element("FinInstnId", servicer))
        yield "</Acct>\n"
        yield self._balance(statement.opening)
        yield self._balance(statement.closing)
        yield self._totals()
        yield "\n"

    def _balance(self, balance: OutgoingBalance) -> str:
        return _element(
            "Bal",
            _element("Tp", _element("CdOrPrtry", _leaf("Cd", balance.type))),
            self._amount(abs(balance.amount)),
            _leaf("CdtDbtInd", _direction(balance.amount)),
            _element("Dt", _leaf("Dt", balance.date.isoformat())),
        )

    def _totals(self) -> str:
        credits_, debits = self._statement.credits, self._statement.debits
        net = credits_.sum - debits.sum
        netted = _leaf("Amt", self._text(abs(net))) + _leaf("CdtDbtInd", _direction(net))
        both = OutgoingTotal(credits_.count + debits.count, credits_.sum + debits.sum)
        return _element(
            "TxsSummry",
            _element("TtlNtries", self._total(both), _element("TtlNetNtry", netted)),
            _element("TtlCdtNtries", self._total(credits_)),
            _element("TtlDbtNtries", self._total(debits)),
        )

    def _total(self, total: OutgoingTotal) -> str:
        return _leaf("NbOfNtries", str(total.count)) + _leaf("Sum", self._text(total.sum))

    def _amount(self, amount: int) -> str:
        return f'<Amt Ccy="{self._statement.currency}">{self._text(amount)}</Amt>'

    def _text(self, amount: int) -> str:
        return format_units(amount, self._scale)

    def _write(self, *pieces: str) -> None:
        self._file.write("".join(pieces).encode())


def _details(entry: OutgoingEntry) -> Iterator[str]:
    role = "DbtrAcct" if entry.direction is Direction.CREDIT else "CdtrAcct"
    yield _element("RltdPties", _element(role, _account_id(entry.counterparty)))
    lines = [_optional("Ustrd", line, REMITTANCE_CHARACTERS_MAX) for line in entry.remittance]
    if any(lines):
        yield _element("RmtInf", *lines)
    yield _optional("AddtlTxInf", entry.detail, INFORMATION_CHARACTERS_MAX)


def _account_id(account: OutgoingAccount) -> str:
    assert len(account.id) <= ACCOUNT_ID_CHARACTERS_MAX, account.id
    scheme = _element("SchmeNm", _leaf("Prtry", account.scheme))
    return _element("Id", _element("Othr", _leaf("Id", account.id) + scheme))


def _direction(amount: int) -> Direction:
    return Direction.DEBIT if amount < 0 else Direction.CREDIT


def _element(name: str, *content: str) -> str:
    return f"<{name}>{''.join(content)}</{name}>"


def _leaf(name: str, text: str) -> str:
    return f"<{name}>{escape(_FOREIGN.sub(' ', text))}</{name}>"


def _optional(name: str, text: str, characters_max: int) -> str:
    """A text cut to what the element may hold, or nothing where nothing can be seen of it."""
    cut = _FOREIGN.sub(" ", text).strip()[:characters_max]
    return _leaf(name, cut) if cut.strip() else ""
