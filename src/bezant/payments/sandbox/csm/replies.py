"""What the clearing system answers on the wire, right or wrong."""

from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Final

from bezant.formats.iso20022 import pacs002
from bezant.payments.sandbox.csm.misbehaviour import Behaviour, Misbehaviour
from bezant.payments.sandbox.csm.reports import of_another_amount, of_another_payment


class Ending(StrEnum):
    """How an answer ends."""

    WHOLE = "whole"
    HALF = "half"
    NONE = "none"
    """The connection ends without an answer."""
    NEVER = "never"
    """Nothing, until the caller leaves."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer.

    Attributes:
        delay_s: before it.
    """

    body: bytes = b""
    status: int = HTTPStatus.OK
    ending: Ending = Ending.WHOLE
    delay_s: float = 0.0
    media_type: str = "application/xml"


HANG_UP: Final = Reply(ending=Ending.NONE)
UNAVAILABLE: Final = Reply(status=HTTPStatus.SERVICE_UNAVAILABLE)


def whole(*reports: pacs002.StatusReport) -> Reply:
    """An answer as it should be."""
    return Reply(pacs002.write_pacs002(*reports))


def reply_to(
    behaviour: Behaviour, first: pacs002.StatusReport, *others: pacs002.StatusReport
) -> Reply:
    """The answer to whoever sent payments, which were taken or rejected by now."""
    spoil = _SPOILT.get(behaviour.misbehaviour)
    said = first if spoil is None else spoil(first)
    return spoilt(pacs002.write_pacs002(said, *others), behaviour)


def spoilt(body: bytes, behaviour: Behaviour) -> Reply:
    """An answer of any kind, as it is brought or not."""
    kind = behaviour.misbehaviour
    if kind is Misbehaviour.TAKEN_DROPPED:
        return HANG_UP
    if kind is Misbehaviour.TAKEN_ERROR:
        return UNAVAILABLE
    if kind is Misbehaviour.TAKEN_GARBAGE:
        body = body[: len(body) // 2]
    delay_s = behaviour.delay_s if kind is Misbehaviour.TAKEN_LATE else 0.0
    return Reply(body, ending=_ENDINGS.get(kind, Ending.WHOLE), delay_s=delay_s)


_SPOILT: Final = {
    Misbehaviour.TAKEN_OTHER_PAYMENT: of_another_payment,
    Misbehaviour.TAKEN_OTHER_AMOUNT: of_another_amount,
}
_ENDINGS: Final = {
    Misbehaviour.TAKEN_SILENT: Ending.NEVER,
    Misbehaviour.TAKEN_CUT_SHORT: Ending.HALF,
}
