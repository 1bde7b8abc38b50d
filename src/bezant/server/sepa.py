"""The one place where the rails of SEPA are put together from their parts."""

import ssl
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Final

from starlette.routing import Route

from bezant.kernel.clock import Clock
from bezant.kernel.ids import Ids
from bezant.payments import (
    CsmLink,
    CsmListener,
    DebitListener,
    DebitRail,
    Decided,
    IncomingService,
    InstantRail,
    Offered,
    Participant,
    Participants,
    Rail,
    SepaDebitRail,
    TransferRail,
    csm_routes,
)
from bezant.server.payments import Payments
from bezant.server.task import CsmTask

ANSWER_S: Final = 10.0
"""An instant payment is in doubt when it has no answer by then."""


def participants_of(task: CsmTask) -> Participants:
    """The institutions that take part."""
    return Participants(Participant(*each) for each in task.participants)


@dataclass(frozen=True, slots=True)
class _Taken:
    """What the listener asks of what was taken before."""

    incoming: IncomingService

    async def decided(self, offered: Offered) -> Decided | None:
        """See `Records.decided`."""
        found = await self.incoming.decided(
            offered.tenant_id,
            offered.institution_id,
            offered.rail,
            offered.sender_bic,
            offered.transaction_id,
        )
        return None if found is None else Decided(*found)


def tls_to(authority: str | None, certificate: str | None) -> ssl.SSLContext:
    """How the clearing system is known, and how it knows us. Its name is checked, always.

    Args:
        authority: a file of whoever vouches for it, nobody else being believed; None believes whom
            the machine does.
        certificate: a file of ours with its key; None shows none.
    """
    tls = ssl.create_default_context(cafile=authority)
    tls.minimum_version = ssl.TLSVersion.TLSv1_3
    if certificate is not None:
        tls.load_cert_chain(certificate)
    return tls


def sepa_routes(
    task: CsmTask | None, clock: Clock, ids: Ids, payments: Payments
) -> Sequence[Route]:
    """Where the clearing system delivers its messages; nowhere without one.

    Args:
        task: the line to it.
        clock: tells when an answer is made.
        ids: of answers.
        payments: what takes what it brings.
    """
    if task is None:
        return ()
    transfers = CsmListener(payments.receiver, _Taken(payments.incoming), clock, ids)
    direct = payments.direct_debits
    listeners: dict[str, CsmListener | DebitListener] = {"sct_inst": transfers, "sct": transfers}
    listeners |= {
        name: DebitListener(direct.collections, rail) for name, rail in direct.rails.items()
    }
    return csm_routes(listeners, participants_of(task), task.secret)


def sepa_rails(
    task: CsmTask | None, clock: Clock, ids: Ids, opened: AsyncExitStack
) -> Mapping[str, Rail]:
    """The rails through the clearing system, by name; none without one.

    Args:
        task: the line to it.
        clock: deadlines are told by.
        ids: of questions.
        opened: closes the line.
    """
    if task is None:
        return {}
    link, who = _line(task, opened), participants_of(task)
    rails: list[Rail] = [InstantRail(link, who, clock, ids), TransferRail(link, who, clock, ids)]
    return {rail.name: rail for rail in rails}


def sepa_debit_rails(
    task: CsmTask | None, clock: Clock, opened: AsyncExitStack
) -> Mapping[str, DebitRail]:
    """The rails of direct debits through the clearing system, by name; none without one.

    Args:
        task: the line to it; collections have connections of their own, and hold up no transfer.
        clock: tells when a message is made.
        opened: closes the line.
    """
    if task is None:
        return {}
    rail = SepaDebitRail(_line(task, opened), participants_of(task), clock)
    return {rail.name: rail}


def _line(task: CsmTask, opened: AsyncExitStack) -> CsmLink:
    link = CsmLink.to(task.url, task.secret, ANSWER_S, tls_to(task.authority, task.certificate))
    opened.push_async_callback(link.close)
    return link
