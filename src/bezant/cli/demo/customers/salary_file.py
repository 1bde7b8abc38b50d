"""The file that an employer sends: a pain.001.001.09 with one batch."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from bezant.cli.demo.customers.people import Customer
from bezant.formats.iso20022 import Tree, pain001
from bezant.kernel.money import format_units

_CENTS: Final = 2


def salary_file(
    message_id: str, employer: Customer, salaries: Sequence[tuple[Customer, int]], at: datetime
) -> bytes:
    """The file.

    Args:
        message_id: no other of the employer's has it.
        employer: who pays.
        salaries: whom, and how much, minor units.
        at: when it is written; its payments are for that day.
    """
    total = sum(amount for _, amount in salaries)
    header = _tree(
        "GrpHdr",
        _tree("MsgId", message_id),
        _tree("CreDtTm", at.replace(microsecond=0, tzinfo=None).isoformat()),
        _tree("NbOfTxs", str(len(salaries))),
        _tree("CtrlSum", format_units(total, _CENTS)),
        _tree("InitgPty", _tree("Nm", employer.name)),
    )
    batch = _tree(
        "PmtInf",
        _tree("PmtInfId", f"{message_id}-1"),
        _tree("PmtMtd", "TRF"),
        _tree("ReqdExctnDt", _tree("Dt", str(at.date()))),
        _tree("Dbtr", _tree("Nm", employer.name)),
        _tree("DbtrAcct", _tree("Id", _tree("IBAN", employer.iban))),
        _tree("DbtrAgt", _tree("FinInstnId", _tree("BICFI", employer.bic))),
    )
    transfers = [
        _transfer(f"{message_id}-{number}", employee, amount)
        for number, (employee, amount) in enumerate(salaries, start=1)
    ]
    return pain001.write_pain001(
        [
            pain001.Header(pain001.VERSION, header),
            pain001.Batch(batch),
            *map(pain001.Instruction, transfers),
        ]
    )


def _transfer(end_to_end_id: str, employee: Customer, amount: int) -> Tree:
    return _tree(
        "CdtTrfTxInf",
        _tree("PmtId", _tree("EndToEndId", end_to_end_id)),
        _tree("Amt", _tree("InstdAmt", format_units(amount, _CENTS), Ccy="EUR")),
        _tree("Cdtr", _tree("Nm", employee.name)),
        _tree("CdtrAcct", _tree("Id", _tree("IBAN", employee.iban))),
        _tree("RmtInf", _tree("Ustrd", "Salary")),
    )


def _tree(name: str, *held: Tree | str, **attributes: str) -> Tree:
    children = tuple(each for each in held if isinstance(each, Tree))
    text = "".join(each for each in held if isinstance(each, str))
    return Tree(name, text, tuple(attributes.items()), children)
