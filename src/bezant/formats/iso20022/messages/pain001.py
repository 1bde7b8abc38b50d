"""Customers' credit transfers in bulk: pain.001.001.09, .03 as many still write it, and .13.

A file is read a transfer at a time, so that memory does not grow with it. Whatever an element says
is kept in its tree, looked at or not.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import BinaryIO, Final

from bezant.formats.iso4217 import is_currency_code, scale_of
from bezant.formats.iso20022.control import Control
from bezant.formats.iso20022.errors import InvalidMessage
from bezant.formats.iso20022.trees import Tree
from bezant.formats.iso20022.whole import NAMESPACE, Closed, Held, Opened, read_whole, write_whole
from bezant.formats.iso20022.whole import Part as WholePart
from bezant.kernel.money import parse_units
from bezant.kernel.telemetry import Sensitive

VERSION: Final = "pain.001.001.09"
VERSIONS: Final = frozenset({VERSION, "pain.001.001.03", "pain.001.001.13"})

_BODY: Final = "CstmrCdtTrfInitn"
_BATCH: Final = "PmtInf"
_TRANSFER: Final = "CdtTrfTxInf"
_DATE_LENGTH: Final = len("2026-12-31")
_AMOUNT: Final = re.compile(r"(?=[0-9.]{1,19}\Z)[0-9]+(?:\.[0-9]{1,5})?")


@dataclass(frozen=True, slots=True, repr=False)
class Header(Sensitive):
    """The group header (`GrpHdr`): what the whole file is, and what it should come to.

    Attributes:
        version: such as `pain.001.001.09`.
    """

    version: str
    tree: Tree

    @property
    def message_id(self) -> str:
        """The sender's name of the file."""
        return self.tree.value("MsgId")

    @property
    def initiator(self) -> str:
        """Who sends it, as it names itself: its identification, or else its name."""
        party = self.tree.find("InitgPty")
        if party is None:
            return ""
        for kind in ("OrgId", "PrvtId"):
            for other in (party.find(f"Id/{kind}") or party).all("Othr"):
                if found := other.text_or_none("Id"):
                    return found
        return party.text_or_none("Nm") or ""


@dataclass(frozen=True, slots=True, repr=False)
class Batch(Sensitive):
    """A `PmtInf` without its transfers: one debtor, one day."""

    tree: Tree

    @property
    def payment_information_id(self) -> str:
        """The sender's name of it."""
        return self.tree.value("PmtInfId")

    @property
    def debtor_iban(self) -> str | None:
        """The account that pays, where it has an IBAN."""
        return self.tree.text_or_none("DbtrAcct/Id/IBAN")

    @property
    def debtor_name(self) -> str | None:
        """Who pays."""
        return self.tree.text_or_none("Dbtr/Nm")

    @property
    def execution_date(self) -> str | None:
        """The day that is asked for, as it is written, without a time or a zone."""
        for place in ("ReqdExctnDt/Dt", "ReqdExctnDt/DtTm", "ReqdExctnDt"):
            if found := self.tree.text_or_none(place):
                return found[:_DATE_LENGTH]
        return None

    @property
    def is_booked_as_one(self) -> bool:
        """Whether the payer asks for one entry of the whole batch."""
        return self.tree.text_or_none("BtchBookg") in {"true", "1"}


@dataclass(frozen=True, slots=True, repr=False)
class Instruction(Sensitive):
    """A `CdtTrfTxInf`: one transfer."""

    tree: Tree

    @property
    def end_to_end_id(self) -> str:
        """The payer's reference, unchanged to the payee."""
        return self.tree.value("PmtId/EndToEndId")

    @property
    def instruction_id(self) -> str | None:
        """The payer's reference for their own bank."""
        return self.tree.text_or_none("PmtId/InstrId")

    @property
    def money(self) -> tuple[int, str] | None:
        """Minor units and currency; None where it is asked for as the worth of another currency.

        Raises:
            InvalidMessage: not an amount of that currency.
        """
        amount = self.tree.find("Amt/InstdAmt")
        if amount is None:
            return None
        currency = dict(amount.attributes).get("Ccy", "")
        text = amount.text.strip()
        if not is_currency_code(currency) or not _AMOUNT.fullmatch(text):
            raise InvalidMessage("CdtTrfTxInf/Amt/InstdAmt", "It is not an amount.")
        try:
            return parse_units(text, scale_of(currency)), currency
        except ValueError:
            reason = "It has more fraction digits than its currency."
            raise InvalidMessage("CdtTrfTxInf/Amt/InstdAmt", reason) from None

    @property
    def stated(self) -> Decimal:
        """The number of its amount, of whatever currency: what control sums are made of."""
        amount = self.tree.find("Amt/InstdAmt") or self.tree.find("Amt/EqvtAmt/Amt")
        text = "" if amount is None else amount.text.strip()
        if not _AMOUNT.fullmatch(text):
            raise InvalidMessage("CdtTrfTxInf/Amt", "It is not an amount.")
        return Decimal(text)

    @property
    def creditor_iban(self) -> str | None:
        """The account that is paid, where it has an IBAN."""
        return self.tree.text_or_none("CdtrAcct/Id/IBAN")

    @property
    def creditor_name(self) -> str | None:
        """Who is paid."""
        return self.tree.text_or_none("Cdtr/Nm")

    @property
    def remittance(self) -> str | None:
        """The unstructured text for the payee, or the structured reference."""
        found = self.tree.find("RmtInf")
        if found is None:
            return None
        texts = [each.text.strip() for each in found.all("Ustrd")]
        if texts:
            return " ".join(texts) or None
        references = (each.text_or_none("CdtrRefInf/Ref") for each in found.all("Strd"))
        return next((each for each in references if each), None)


@dataclass(frozen=True, slots=True, repr=False)
class Trailer(Sensitive):
    """What follows the last batch."""

    trees: tuple[Tree, ...]


Part = Header | Batch | Instruction | Trailer


def read_pain001(source: BinaryIO) -> Iterator[Part]:
    """The parts of a file: its header, and each batch before its transfers.

    Raises:
        InvalidMessage: not well-formed, with a document type, of another version, or a part is
            missing.
    """
    reader = _Reader()
    for part in read_whole(source, VERSIONS):
        match part:
            case Opened():
                reader.opened(part)
            case Held():
                yield from reader.held(part.tree)
            case Closed():
                reader.closed()
    if not reader.has_header:
        raise InvalidMessage(f"{_BODY}/GrpHdr", "It is missing.")
    if reader.rest:
        yield Trailer(tuple(reader.rest))


def checked(parts: Iterable[Part]) -> Iterator[Part]:
    """Pass parts on, and see at the end that counts and control sums agree with what passed.

    Raises:
        SumsDisagree: they do not.
    """
    everything, batch = Control("GrpHdr"), Control("PmtInf")
    for part in parts:
        match part:
            case Header():
                everything.expect(*_stated(part.tree))
            case Batch():
                batch.check()
                batch = Control("PmtInf")
                batch.expect(*_stated(part.tree))
            case Instruction():
                everything.add(part.stated)
                batch.add(part.stated)
            case Trailer():
                pass
        yield part
    batch.check()
    everything.check()


def _stated(tree: Tree) -> tuple[str | None, str | None]:
    return tree.text_or_none("NbOfTxs"), tree.text_or_none("CtrlSum")


def write_pain001(parts: Iterable[Part], version: str = VERSION) -> bytes:
    """Write parts as a file."""
    return write_whole(_whole(parts, f"{NAMESPACE}{version}"))


class _Reader:
    """Makes parts of what a file holds, in its order.

    Attributes:
        rest: what stands beside header and batches.
    """

    def __init__(self) -> None:
        self.has_header = False
        self.rest: list[Tree] = []
        self._version = ""
        self._inside: list[str] = []
        # Of the batch that is being read, until its first transfer.
        self._head: list[Tree] | None = None

    def opened(self, part: Opened) -> None:
        self._version = part.version
        self._inside.append(part.tree.name)
        if part.tree.name == _BATCH:
            if not self.has_header:
                raise InvalidMessage(f"{_BODY}/GrpHdr", "It is missing.")
            self._head = []

    def held(self, tree: Tree) -> Iterator[Part]:
        inside = self._inside[-1]
        if inside == _BATCH:
            yield from self._in_batch(tree)
        elif inside == _BODY and tree.name == "GrpHdr":
            self.has_header = True
            yield Header(self._version, tree)
        elif inside == _BODY:
            self.rest.append(tree)

    def closed(self) -> None:
        if self._inside.pop() == _BATCH and self._head is not None:
            raise InvalidMessage(f"{_BATCH}/{_TRANSFER}", "It is missing.")

    def _in_batch(self, tree: Tree) -> Iterator[Part]:
        if tree.name == _TRANSFER:
            if self._head is not None:
                yield Batch(Tree(_BATCH, "", (), tuple(self._head)))
                self._head = None
            yield Instruction(tree)
        elif self._head is None:
            raise InvalidMessage(f"{_BATCH}/{tree.name}", "It stands after a transfer.")
        else:
            self._head.append(tree)


def _whole(parts: Iterable[Part], namespace: str) -> Iterator[WholePart]:
    for name in ("Document", _BODY):
        yield Opened(Tree(name, "", (), ()), namespace)
    is_in_batch = False
    for part in parts:
        match part:
            case Instruction():
                yield Held(part.tree)
                continue
            case _ if is_in_batch:
                is_in_batch = False
                yield Closed()
        match part:
            case Header():
                yield Held(part.tree)
            case Batch():
                is_in_batch = True
                yield Opened(replace(part.tree, children=()), namespace)
                yield from map(Held, part.tree.children)
            case Trailer():
                yield from map(Held, part.trees)
    yield from [Closed()] * (3 if is_in_batch else 2)
