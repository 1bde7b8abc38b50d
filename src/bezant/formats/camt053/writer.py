"""Writing what a bank tells of an account, entry by entry, in memory that does not grow.

camt.053, camt.052 or camt.054 in version 08, which the reader beside it reads back to the same
figures.
"""

import re
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, datetime
from typing import BinaryIO, Final

from lxml import etree

from bezant.formats.camt053.kinds import STATEMENT, Kind
from bezant.formats.camt053.model import Direction
from bezant.formats.iso4217 import is_currency_code, scale_of
from bezant.kernel.money import format_units

_NAMESPACE: Final = "urn:iso:std:iso:20022:tech:xsd:"
_VERSION: Final = "001.08"
AMOUNT_MAX: Final = 10**18 - 1
"""Minor units: an amount has at most 18 digits (`ActiveOrHistoricCurrencyAndAmount`)."""

ACCOUNT_ID_CHARACTERS_MAX: Final = 34
INFORMATION_CHARACTERS_MAX: Final = 500
REMITTANCE_CHARACTERS_MAX: Final = 140
_NAME_CHARACTERS_MAX: Final = 140

# What XML 1.0 cannot carry, and what its readers make blanks of.
_FOREIGN: Final = re.compile("[^ -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

# Of an entry without a code of its own: the standard's extended domain, "not available".
_NO_CODE: Final = ("XTND", "NTAV", "NTAV")


IBAN: Final = "IBAN"
BBAN: Final = "BBAN"
"""Schemes of account identifiers (ExternalAccountIdentification1Code)."""


@dataclass(frozen=True, slots=True)
class OutgoingAccount:
    """An account by an identifier of at most 34 characters, and the scheme it is of.

    One of the scheme `IBAN` has an element of its own.
    """

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
    """A `Stmt`, `Rpt` or `Ntfctn` without its entries.

    Amounts are minor units at the currency's ISO 4217 scale.

    Attributes:
        id: of the statement, and of the message that carries it alone; at most 35 characters.
        electronic_number: orders the statements of an account; at most 18 digits.
        created_at: and the bounds of the period: instants with their zone.
        servicer: the name of who keeps the account.
        opening: what the entries begin with, and `closing` what they arrive at; None in what has
            no balances.
        information: at most 500 characters; empty for none.
    """

    id: str
    electronic_number: int
    created_at: datetime
    period: tuple[datetime, datetime]
    account: OutgoingAccount
    currency: str
    servicer: str
    opening: OutgoingBalance | None
    closing: OutgoingBalance | None
    credits: OutgoingTotal
    debits: OutgoingTotal
    information: str = ""


@dataclass(frozen=True, slots=True)
class OutgoingEntry:
    """A booked `Ntry` of one payment, or of a batch of them.

    Attributes:
        amount: above zero.
        reference: `NtryRef`, and `servicer_reference`: at most 35 characters each.
        code: the servicer's own; empty for none. `standard_code` is the standard's domain, family
            and sub-family, such as `PMNT`, `RCDT`, `ESCT`; it stands before the servicer's.
        counterparty: the debtor of a credit, the creditor of a debit.
        information: `AddtlNtryInf`; remittance: lines of `RmtInf`. Cut to what they may hold.
        detail: `AddtlTxInf`, likewise.
        name: of the counterparty, cut to 140 characters; empty for none.
        end_to_end_id: of the payment; at most 35 characters; empty for none.
        is_reversal: whether it takes an earlier entry back.
        payments: that it stands for, as entries of their own would have them: a batch (`Btch`).
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
    name: str = ""
    end_to_end_id: str = ""
    is_reversal: bool = False
    standard_code: tuple[str, str, str] | None = None
    payments: "tuple[OutgoingEntry, ...]" = ()


class StatementWriter:
    """Writes one statement: its head when made, then entries, then the end.

    Args:
        file: what it is written to; it stays open.
        statement: without its entries.
        kind: of the message.
    """

    def __init__(
        self, file: BinaryIO, statement: OutgoingStatement, kind: Kind = STATEMENT
    ) -> None:
        assert is_currency_code(statement.currency), statement.currency
        self._kind = kind
        self._statement = statement
        self._scale = scale_of(statement.currency)
        self._opened = ExitStack()
        self._xml = self._opened.enter_context(etree.xmlfile(file, encoding="UTF-8"))
        self._xml.write_declaration()
        self._head()

    def add(self, entry: OutgoingEntry) -> None:
        """Write the next entry."""
        assert 0 < entry.amount <= AMOUNT_MAX, "an entry of nothing, or of too many digits"
        built = etree.Element("Ntry")
        _add(built, "NtryRef", entry.reference)
        self._amount(built, entry.amount)
        _add(built, "CdtDbtInd", entry.direction)
        if entry.is_reversal:
            _add(built, "RvslInd", "true")
        _add(_add(built, "Sts"), "Cd", "BOOK")
        _add(_add(built, "BookgDt"), "Dt", entry.booking_date.isoformat())
        _add(_add(built, "ValDt"), "Dt", entry.value_date.isoformat())
        _add(built, "AcctSvcrRef", entry.servicer_reference)
        _transaction_code(_add(built, "BkTxCd"), entry)
        details = _add(built, "NtryDtls")
        if entry.payments:
            self._batch(details, entry)
        for payment in entry.payments or (entry,):
            self._payment(details, payment, is_of_batch=bool(entry.payments))
        _maybe(built, "AddtlNtryInf", entry.information, INFORMATION_CHARACTERS_MAX)
        self._xml.write(built)
        self._xml.write("\n")

    def _batch(self, details: etree._Element, entry: OutgoingEntry) -> None:
        assert entry.amount == sum(each.amount for each in entry.payments)
        batch = _add(details, "Btch")
        _add(batch, "NbOfTxs", str(len(entry.payments)))
        _add(batch, "TtlAmt", self._text(entry.amount)).set("Ccy", self._statement.currency)
        _add(batch, "CdtDbtInd", entry.direction)

    def _payment(
        self, details: etree._Element, payment: OutgoingEntry, *, is_of_batch: bool
    ) -> None:
        built = _add(details, "TxDtls")
        if is_of_batch or payment.end_to_end_id:
            references = _add(built, "Refs")
            # An entry of one payment says it by itself.
            if is_of_batch:
                _add(references, "AcctSvcrRef", payment.servicer_reference)
            if payment.end_to_end_id:
                _add(references, "EndToEndId", payment.end_to_end_id)
        self._amount(built, payment.amount)
        _add(built, "CdtDbtInd", payment.direction)
        _details(built, payment)

    def close(self) -> None:
        """Write the end."""
        rest = etree.Element(self._kind.group)
        information = self._statement.information
        _maybe(rest, self._kind.information, information, INFORMATION_CHARACTERS_MAX)
        self._xml.write(*rest)
        self._opened.close()

    def _head(self) -> None:
        statement, kind = self._statement, self._kind
        namespaces = {None: f"{_NAMESPACE}{kind.message}.{_VERSION}"}
        # What is inside has no namespace of its own here, and takes this one where it is read.
        self._opened.enter_context(self._xml.element("Document", nsmap=namespaces))
        self._opened.enter_context(self._xml.element(kind.body))
        header = etree.Element("GrpHdr")
        _add(header, "MsgId", statement.id)
        _add(header, "CreDtTm", statement.created_at.isoformat())
        self._xml.write(header)
        self._xml.write("\n")
        self._opened.enter_context(self._xml.element(kind.group))
        group = etree.Element(kind.group)
        _add(group, "Id", statement.id)
        _add(group, "ElctrncSeqNb", str(statement.electronic_number))
        _add(group, "CreDtTm", statement.created_at.isoformat())
        period = _add(group, "FrToDt")
        for name, instant in zip(("FrDtTm", "ToDtTm"), statement.period, strict=True):
            _add(period, name, instant.isoformat())
        account = _add(group, "Acct")
        _account_id(account, statement.account)
        _add(account, "Ccy", statement.currency)
        servicer = statement.servicer[:_NAME_CHARACTERS_MAX]
        _add(_add(_add(account, "Svcr"), "FinInstnId"), "Nm", servicer)
        for balance in (statement.opening, statement.closing):
            if balance is not None:
                self._balance(group, balance)
        self._totals(_add(group, "TxsSummry"))
        for each in list(group):
            self._xml.write(each)
        self._xml.write("\n")

    def _balance(self, group: etree._Element, balance: OutgoingBalance) -> None:
        built = _add(group, "Bal")
        _add(_add(_add(built, "Tp"), "CdOrPrtry"), "Cd", balance.type)
        self._amount(built, abs(balance.amount))
        _add(built, "CdtDbtInd", _direction(balance.amount))
        _add(_add(built, "Dt"), "Dt", balance.date.isoformat())

    def _totals(self, built: etree._Element) -> None:
        credits_, debits = self._statement.credits, self._statement.debits
        net = credits_.sum - debits.sum
        both = OutgoingTotal(credits_.count + debits.count, credits_.sum + debits.sum)
        netted = _add(self._total(built, "TtlNtries", both), "TtlNetNtry")
        _add(netted, "Amt", self._text(abs(net)))
        _add(netted, "CdtDbtInd", _direction(net))
        self._total(built, "TtlCdtNtries", credits_)
        self._total(built, "TtlDbtNtries", debits)

    def _total(self, parent: etree._Element, name: str, total: OutgoingTotal) -> etree._Element:
        built = _add(parent, name)
        _add(built, "NbOfNtries", str(total.count))
        _add(built, "Sum", self._text(total.sum))
        return built

    def _amount(self, parent: etree._Element, amount: int) -> None:
        _add(parent, "Amt", self._text(amount)).set("Ccy", self._statement.currency)

    def _text(self, amount: int) -> str:
        return format_units(amount, self._scale)


def _transaction_code(built: etree._Element, entry: OutgoingEntry) -> None:
    standard = entry.standard_code or (None if entry.code else _NO_CODE)
    if standard is not None:
        domain = _add(built, "Domn")
        _add(domain, "Cd", standard[0])
        family = _add(domain, "Fmly")
        _add(family, "Cd", standard[1])
        _add(family, "SubFmlyCd", standard[2])
    if entry.code:
        _add(_add(built, "Prtry"), "Cd", entry.code)


def _details(payment: etree._Element, entry: OutgoingEntry) -> None:
    role = "Dbtr" if entry.direction is Direction.CREDIT else "Cdtr"
    parties = _add(payment, "RltdPties")
    if entry.name.strip():
        party = _add(_add(parties, role), "Pty")
        _maybe(party, "Nm", entry.name, _NAME_CHARACTERS_MAX)
    _account_id(_add(parties, f"{role}Acct"), entry.counterparty)
    lines = etree.Element("RmtInf")
    for line in entry.remittance:
        _maybe(lines, "Ustrd", line, REMITTANCE_CHARACTERS_MAX)
    if len(lines):
        payment.append(lines)
    _maybe(payment, "AddtlTxInf", entry.detail, INFORMATION_CHARACTERS_MAX)


def _account_id(parent: etree._Element, account: OutgoingAccount) -> None:
    assert len(account.id) <= ACCOUNT_ID_CHARACTERS_MAX, account.id
    built = _add(parent, "Id")
    if account.scheme == IBAN:
        _add(built, "IBAN", account.id)
        return
    other = _add(built, "Othr")
    _add(other, "Id", account.id)
    _add(_add(other, "SchmeNm"), "Prtry", account.scheme)


def _direction(amount: int) -> Direction:
    return Direction.DEBIT if amount < 0 else Direction.CREDIT


def _add(parent: etree._Element, name: str, text: str | None = None) -> etree._Element:
    built = etree.SubElement(parent, name)
    if text is not None:
        built.text = _FOREIGN.sub(" ", text)
    return built


def _maybe(parent: etree._Element, name: str, text: str, characters_max: int) -> None:
    """Add a text cut to what the element may hold, or nothing where nothing can be seen of it."""
    cut = _FOREIGN.sub(" ", text).strip()[:characters_max]
    if cut.strip():
        _add(parent, name, cut)
