"""A worker has the rails of SEPA where it is told of a clearing system."""

from contextlib import AsyncExitStack
from datetime import date
from uuid import uuid4

from bezant.kernel.ids import TimeOrderedIds
from bezant.payments.direct_debits import Collection, schemas
from bezant.payments.direct_debits.domain import Scheme, Sequence
from bezant.payments.rails import Pending, Settled
from bezant.server.sepa import sepa_debit_rails, sepa_rails
from bezant.server.task import CsmTask
from clearing import (
    INSTITUTION,
    NOON,
    OUR_BIC,
    OUR_IBAN,
    SECRET,
    TENANT,
    THEIR_IBAN,
    clearing_system,
)


async def test_a_worker_pays_over_the_clearing_system_that_it_is_told_of() -> None:
    async with clearing_system() as system, AsyncExitStack() as opened:
        task = CsmTask(system.url, SECRET, None, [(OUR_BIC, TENANT, INSTITUTION)])
        rails = sepa_rails(task, system.clock, TimeOrderedIds(), opened)
        assert {name: rail.answers_within_s for name, rail in rails.items()} == {
            "sct_inst": 10,
            "sct": None,
        }
        assert system.clock.now() == NOON
        assert isinstance(await rails["sct_inst"].send(system.outgoing()), Settled)


async def test_a_worker_collects_over_the_clearing_system_that_it_is_told_of() -> None:
    async with clearing_system() as system, AsyncExitStack() as opened:
        task = CsmTask(system.url, SECRET, None, [(OUR_BIC, TENANT, INSTITUTION)])
        rails = sepa_debit_rails(task, system.clock, opened)
        says = schemas.MandateContent("DE98ZZZ09999999999", "Power", "M-1", "Grace", THEIR_IBAN)
        collection = Collection(
            TENANT, INSTITUTION, uuid4(), uuid4(), Scheme.CORE, Sequence.FIRST, 1_000, "EUR",
            date(2026, 3, 18), NOON, OUR_IBAN, schemas.DebitContent(says, date(2026, 1, 5), "E-1"),
        )  # fmt: skip
        outcomes = await rails["sdd"].present([collection])
        assert isinstance(outcomes[collection.id], Pending)


async def test_without_one_it_has_none() -> None:
    async with clearing_system() as system, AsyncExitStack() as opened:
        assert sepa_rails(None, system.clock, TimeOrderedIds(), opened) == {}
        assert sepa_debit_rails(None, system.clock, opened) == {}
