"""Writing the statements that are reconciled: large, and as a bank would."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import BinaryIO, Final

from msgspec import Struct

from bezant.kernel.money import format_units

# Of ten lines seven carry an end-to-end id and two the owner's reference, the last one neither.
_OF: Final = 10
_WITH_ID: Final = 7
_WITH_REFERENCE: Final = 9


class Movement(Struct, frozen=True):
    """A line, and what is booked for it."""

    number: int
    amount: int
    day: date

    @property
    def end_to_end_id(self) -> str:
        """Of most."""
        return f"E2E-{self.number:08}" if self.number % _OF < _WITH_ID else ""

    @property
    def reference(self) -> str:
        """Of some of the others."""
        place = self.number % _OF
        return f"ORDER-{self.number:06}" if _WITH_ID <= place < _WITH_REFERENCE else ""


def write_statement(file: BinaryIO, form: str, movements: Iterable[Movement]) -> None:
    """One statement with all the movements, from a balance of zero."""
    found = list(movements)
    {"mt940": _write_mt940, "camt053": _write_camt}[form](file, found)


def _write_mt940(file: BinaryIO, movements: list[Movement]) -> None:
    def line(text: str) -> None:
        file.write(text.encode() + b"\r\n")

    def balance(tag: str, amount: int, day: date) -> str:
        units = format_units(abs(amount), 2).replace(".", ",")
        return f":{tag}:{'D' if amount < 0 else 'C'}{day:%y%m%d}EUR{units}"

    for text in (":20:BENCH", ":25:10020030/1234567", ":28C:1/1"):
        line(text)
    line(balance("60F", 0, movements[0].day))
    for each in movements:
        mark = "D" if each.amount < 0 else "C"
        units = format_units(abs(each.amount), 2).replace(".", ",")
        reference = each.reference or "NONREF"
        line(f":61:{each.day:%y%m%d}{each.day:%m%d}{mark}R{units}NTRF{reference}")
        eref = f"?20EREF+{each.end_to_end_id}" if each.end_to_end_id else ""
        line(f":86:166?00TRANSFER{eref}?21SVWZ+Payment number {each.number} of a")
        line(f"customer?30NOLADE21?31DE{each.number:020}?32Somebody {each.number}")
    line(balance("62F", sum(each.amount for each in movements), movements[-1].day))
    line("-")


_CAMT_HEAD: Final = """<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>
<GrpHdr><MsgId>BENCH</MsgId><CreDtTm>2026-01-01T00:00:00Z</CreDtTm></GrpHdr>
<Stmt><Id>BENCH-1</Id><ElctrncSeqNb>1</ElctrncSeqNb><CreDtTm>2026-01-01T00:00:00Z</CreDtTm>
<Acct><Id><IBAN>DE02100100100006820101</IBAN></Id><Ccy>EUR</Ccy></Acct>
"""
_CAMT_TAIL: Final = "</Stmt></BkToCstmrStmt></Document>\n"


def _write_camt(file: BinaryIO, movements: list[Movement]) -> None:
    total = sum(each.amount for each in movements)
    before = movements[0].day - timedelta(days=1)
    file.write(_CAMT_HEAD.encode())
    file.write(_camt_balance("OPBD", 0, before).encode())
    file.write(_camt_balance("CLBD", total, movements[-1].day).encode())
    file.writelines(_camt_entry(each).encode() for each in movements)
    file.write(_CAMT_TAIL.encode())


def _camt_balance(kind: str, amount: int, day: date) -> str:
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp>{_camt_amount(amount)}"
        f"<Dt><Dt>{day}</Dt></Dt></Bal>\n"
    )


def _camt_amount(amount: int) -> str:
    side = "DBIT" if amount < 0 else "CRDT"
    units = format_units(abs(amount), 2)
    return f'<Amt Ccy="EUR">{units}</Amt><CdtDbtInd>{side}</CdtDbtInd>'


def _camt_entry(each: Movement) -> str:
    payment = f"<PmtInfId>{each.reference}</PmtInfId>" if each.reference else ""
    end_to_end = each.end_to_end_id or "NOTPROVIDED"
    role = "Cdtr" if each.amount < 0 else "Dbtr"
    return (
        f"<Ntry>{_camt_amount(each.amount)}<Sts><Cd>BOOK</Cd></Sts>"
        f"<BookgDt><Dt>{each.day}</Dt></BookgDt><ValDt><Dt>{each.day}</Dt></ValDt>"
        "<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn>"
        f"</BkTxCd><NtryDtls><TxDtls><Refs>{payment}<EndToEndId>{end_to_end}</EndToEndId></Refs>"
        f"<RltdPties><{role}><Pty><Nm>Somebody {each.number}</Nm></Pty></{role}>"
        f"<{role}Acct><Id><IBAN>DE{each.number:020}</IBAN></Id></{role}Acct></RltdPties>"
        f"<RmtInf><Ustrd>Payment number {each.number} of a customer</Ustrd></RmtInf>"
        "</TxDtls></NtryDtls></Ntry>\n"
    )
