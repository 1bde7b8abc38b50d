"""Writes camt.053 files: small ones that say what a test means, and big ones to measure with."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path
from typing import BinaryIO
from xml.sax.saxutils import escape

from bezant.formats.iso4217 import scale_of
from bezant.kernel.money import format_units

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.053.001."
IBAN = "CH2909000000250094239"
DAY = date(2026, 3, 2)


@dataclass(frozen=True)
class Payment:
    """A `TxDtls`. The amount is in minor units; None leaves it out."""

    amount: int | None = None
    currency: str = ""
    is_credit: bool | None = None
    name: str = ""
    account: str = ""
    end_to_end_id: str = ""
    remittance: str = ""


@dataclass(frozen=True)
class Movement:
    """An `Ntry`: what the owner's balance gains, in minor units; negative for a debit."""

    amount: int
    payments: tuple[Payment, ...] = ()
    booked: date = DAY
    valued: date | None = None
    status: str = "BOOK"
    reference: str = ""
    servicer_reference: str = ""
    is_reversal: bool = False
    code: tuple[str, str, str] = ("PMNT", "RCDT", "ESCT")

    @property
    def value_date(self) -> date:
        return self.valued or self.booked


@dataclass(frozen=True)
class Balance:
    """A `Bal`, signed minor units."""

    type: str
    amount: int
    day: date = DAY
    credit_line: int | None = None
    is_line_included: bool = False


@dataclass
class Statement:
    """A `Stmt` which adds up unless `closing` or `balances` say otherwise.

    Attributes:
        balances: all of them, in place of OPBD and CLBD.
    """

    movements: list[Movement] = field(default_factory=list)
    opening: int = 100_000
    closing: int | None = None
    balances: list[Balance] | None = None
    id: str = "STATEMENT-1"
    number: int | None = 1
    account: str = IBAN
    currency: str = "EUR"
    day: date = DAY
    summary: str = ""
    before_entries: str = ""
    after_entries: str = ""

    @property
    def booked(self) -> int:
        return sum(each.amount for each in self.movements if each.status == "BOOK")

    def all_balances(self) -> list[Balance]:
        if self.balances is not None:
            return self.balances
        closing = self.opening + self.booked if self.closing is None else self.closing
        return [Balance("OPBD", self.opening, self.day), Balance("CLBD", closing, self.day)]


def xml(*statements: Statement, version: str = "08", message: str = "MESSAGE-1") -> bytes:
    """A file of statements."""
    file = BytesIO()
    write(file, statements, version=version, message=message)
    return file.getvalue()


def write(
    file: BinaryIO,
    statements: Iterable[Statement],
    *,
    version: str = "08",
    message: str = "MESSAGE-1",
) -> None:
    """Write a file of statements; their movements may be more than fit into memory as text."""
    file.writelines(piece.encode() for piece in _document(statements, version, message))


def write_big(path: Path, entries: int, counterparties: int) -> Statement:
    """Write a statement of many entries, in and out in turn, over thirty days.

    Args:
        entries: how many.
        counterparties: how many accounts are on the other side, each about as often.

    Returns:
        The statement, as written.
    """
    movements = [_movement(at, counterparties) for at in range(entries)]
    days = [DAY + timedelta(days=at) for at in range(31)]
    statement = Statement(movements, opening=10_000_000)
    statement.balances = [
        Balance("OPBD", 10_000_000, days[0]),
        Balance("CLBD", 10_000_000 + statement.booked, days[-1]),
    ]
    with path.open("wb") as file:
        write(file, [statement])
    return statement


def _movement(at: int, counterparties: int) -> Movement:
    payer = at * 7_919 % counterparties
    amount = (100 + at * 31 % 10_000) * (1 if at % 2 else -1)
    payment = Payment(
        name=f"Payer {payer} & Sons",
        account=f"DE{payer:020d}",
        end_to_end_id=f"E2E-{at:012d}",
        remittance=f"Invoice {at}",
    )
    day = DAY + timedelta(days=at % 30)
    return Movement(amount, (payment,), day, servicer_reference=f"REF{at:012d}")


def _document(statements: Iterable[Statement], version: str, message: str) -> Iterator[str]:
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield f'<Document xmlns="{NAMESPACE}{version}">\n<BkToCstmrStmt>\n<GrpHdr>\n'
    yield f"{_text('MsgId', message)}<CreDtTm>2026-03-03T01:00:00Z</CreDtTm>\n</GrpHdr>\n"
    for statement in statements:
        yield "<Stmt>\n"
        yield from _head(statement)
        for movement in statement.movements:
            yield _entry(movement, statement.currency, version)
        yield f"{statement.after_entries}</Stmt>\n"
    yield "</BkToCstmrStmt>\n</Document>\n"


def _head(statement: Statement) -> Iterator[str]:
    yield _text("Id", statement.id)
    if statement.number is not None:
        yield _text("ElctrncSeqNb", str(statement.number))
    yield "<CreDtTm>2026-03-03T01:00:00Z</CreDtTm>\n"
    yield f"<Acct>\n<Id><IBAN>{statement.account}</IBAN></Id>\n"
    yield f"<Ccy>{statement.currency}</Ccy>\n</Acct>\n"
    for balance in statement.all_balances():
        yield f"<Bal>\n<Tp><CdOrPrtry><Cd>{balance.type}</Cd></CdOrPrtry></Tp>\n"
        if balance.credit_line is not None:
            included = str(balance.is_line_included).lower()
            yield f"<CdtLine>\n<Incl>{included}</Incl>\n"
            yield f"{_amount(balance.credit_line, statement.currency)}</CdtLine>\n"
        yield _amount(balance.amount, statement.currency)
        yield _direction(balance.amount >= 0)
        yield f"<Dt><Dt>{balance.day}</Dt></Dt>\n</Bal>\n"
    yield statement.summary + statement.before_entries


def _entry(movement: Movement, currency: str, version: str) -> str:
    status = movement.status if version < "07" else f"<Cd>{movement.status}</Cd>"
    domain, family, sub_family = movement.code
    return "".join(
        (
            "<Ntry>\n",
            _text("NtryRef", movement.reference),
            _amount(movement.amount, currency),
            _direction(movement.amount >= 0),
            "<RvslInd>true</RvslInd>\n" if movement.is_reversal else "",
            f"<Sts>{status}</Sts>\n",
            f"<BookgDt><Dt>{movement.booked}</Dt></BookgDt>\n",
            f"<ValDt><Dt>{movement.value_date}</Dt></ValDt>\n",
            _text("AcctSvcrRef", movement.servicer_reference),
            f"<BkTxCd>\n<Domn><Cd>{domain}</Cd>\n<Fmly><Cd>{family}</Cd>",
            f"<SubFmlyCd>{sub_family}</SubFmlyCd></Fmly></Domn>\n</BkTxCd>\n",
            _details(movement, currency, version),
            "</Ntry>\n",
        )
    )


def _details(movement: Movement, currency: str, version: str) -> str:
    if not movement.payments:
        return ""
    # The counterparty's role follows the original payment, which a reversal takes back.
    role = "Dbtr" if (movement.amount >= 0) != movement.is_reversal else "Cdtr"
    payments = (_payment(each, role, currency, version) for each in movement.payments)
    return f"<NtryDtls>\n{''.join(payments)}</NtryDtls>\n"


def _payment(payment: Payment, role: str, currency: str, version: str) -> str:
    parts = ["<TxDtls>\n"]
    if payment.end_to_end_id:
        parts.append(f"<Refs>\n{_text('EndToEndId', payment.end_to_end_id)}</Refs>\n")
    if payment.amount is not None:
        amount = _amount(payment.amount, payment.currency or currency)
        if version < "04":
            amount = f"<AmtDtls><TxAmt>\n{amount}</TxAmt></AmtDtls>\n"
        parts.append(amount)
    if payment.is_credit is not None:
        parts.append(_direction(payment.is_credit))
    if payment.name or payment.account:
        parts.append("<RltdPties>\n")
        if payment.name:
            name = _text("Nm", payment.name)
            parts.append(f"<{role}>{name if version < '08' else f'<Pty>{name}</Pty>'}</{role}>\n")
        if payment.account:
            id_ = f"<Id><IBAN>{payment.account}</IBAN></Id>"
            parts.append(f"<{role}Acct>{id_}</{role}Acct>\n")
        parts.append("</RltdPties>\n")
    if payment.remittance:
        parts.append(f"<RmtInf>\n{_text('Ustrd', payment.remittance)}</RmtInf>\n")
    return "".join((*parts, "</TxDtls>\n"))


def _text(name: str, text: str) -> str:
    return f"<{name}>{escape(text)}</{name}>\n" if text else ""


def _amount(minor_units: int, currency: str) -> str:
    return f'<Amt Ccy="{currency}">{format_units(abs(minor_units), scale_of(currency))}</Amt>\n'


def _direction(is_credit: bool) -> str:  # noqa: FBT001 - a value, not an option
    return f"<CdtDbtInd>{'CRDT' if is_credit else 'DBIT'}</CdtDbtInd>\n"
