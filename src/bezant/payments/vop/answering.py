"""Answering other banks about our accounts."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

import structlog

from bezant.banking import AccountService
from bezant.kernel import audit
from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database, write_rows
from bezant.kernel.fingerprints import Fingerprints
from bezant.kernel.ids import Ids
from bezant.payments.vop import store
from bezant.payments.vop.matching import Comparison, Verdict
from bezant.payments.vop.own import OwnPayees
from bezant.payments.vop.patience import Patience
from bezant.payments.vop.proof import iban_fingerprint
from bezant.payments.vop.scheme import Request, Response

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

log = structlog.get_logger("bezant.payments.vop")

GUESSES_MAX: Final = 20
GUESSES_WITHIN: Final = timedelta(hours=1)
"""Who asks about an account again and again collects names: after that many questions without a
match, nothing more is told about it to them for a while."""


@dataclass(frozen=True, slots=True)
class _Question:
    """What is recorded of a question: nothing that tells about people."""

    call: Call
    request_id: UUID
    iban: bytes


class PayeeAnswers:
    """Answers about a tenant's accounts, each of them recorded and in the audit log.

    Args:
        database: connected as the application's role.
        accounts: tells whose account an IBAN is.
        own: compares names with those of their holders.
        fingerprints: by which questions about one account are counted.
        patience: with whatever an answer takes.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        ids: Ids,
        accounts: AccountService,
        own: OwnPayees,
        fingerprints: Fingerprints,
        patience: Patience,
    ) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._accounts = accounts
        self._own = own
        self._fingerprints = fingerprints
        self._seconds_max = patience.answer_s

    async def answer(self, call: Call, request_id: UUID, asked: Request) -> Response:
        """What the scheme has us answer, in its time: "not possible" when that is over.

        Raises:
            Unavailable: it cannot be recorded; then nothing is told.
        """
        try:
            async with asyncio.timeout(self._seconds_max):
                return await self._answer(call, request_id, asked)
        except TimeoutError:
            # It may not be recorded, and it tells nothing.
            log.warning("payee_answer_too_slow", request=str(request_id))
        if asked.party.name is None:
            return Response.of_identifier()
        return Response.of(Comparison(Verdict.NOT_POSSIBLE))

    async def _answer(self, call: Call, request_id: UUID, asked: Request) -> Response:
        iban, name = asked.party_account.iban, asked.party.name
        question = _Question(call, request_id, iban_fingerprint(self._fingerprints, iban))
        if name is None:
            await self._told(question, Comparison(Verdict.NOT_POSSIBLE))
            return Response.of_identifier()
        account_id = await self._accounts.find_by_iban(call.tenant_id, iban)
        found = Comparison(Verdict.NOT_POSSIBLE)
        if account_id is not None:
            found = await self._own.compare(call, account_id, name)
        return Response.of(await self._told(question, found))

    async def _told(self, question: _Question, found: Comparison) -> Comparison:
        """What is told in the end, once it is durable that it was asked and found."""
        call, now = question.call, self._clock.now()

        async def work(connection: "Connection") -> None:
            await connection.execute(
                store.INSERT_ANSWER, call.tenant_id, self._ids.new(), question.request_id,
                call.actor, question.iban, found.verdict, now,
            )  # fmt: skip
            await write_rows(connection, call.tenant_id, audit.entry(call, Answer(200, b""), now))

        await self._database.transaction(work)
        # Counted after it was written: of any number of questions at once, each sees those that
        # were written before it, so that no more than the limit are answered.
        row = await self._database.fetchrow(
            store.COUNT_GUESSES, call.tenant_id, question.iban, call.actor, now - GUESSES_WITHIN
        )
        assert row is not None
        return found if row["guesses"] <= GUESSES_MAX else Comparison(Verdict.NOT_POSSIBLE)
