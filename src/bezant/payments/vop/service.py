"""Verifying payees before they are paid, and keeping what the payer was shown."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec
from schwifty import IBAN
from schwifty.exceptions import SchwiftyException

from bezant.banking import (
    AccountRestrictions,
    AccountService,
    BankAccountNotFound,
    InstitutionService,
)
from bezant.kernel import audit, idempotency
from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database, Row, RowKind, write_rows
from bezant.kernel.fingerprints import Fingerprints
from bezant.kernel.idempotency import once
from bezant.kernel.ids import Ids
from bezant.kernel.sealing import SecretSealer
from bezant.kernel.telemetry import Sensitive
from bezant.payments.vop import schemas, store
from bezant.payments.vop.asking import PayeeAsker
from bezant.payments.vop.contents import VerificationContents
from bezant.payments.vop.directory import PayeeDirectory
from bezant.payments.vop.errors import (
    PayeeIbanInvalid,
    UnknownPayerAccount,
    VerificationNotFound,
)
from bezant.payments.vop.matching import Comparison, Verdict
from bezant.payments.vop.own import OwnPayees
from bezant.payments.vop.patience import Patience
from bezant.payments.vop.proof import iban_fingerprint, name_fingerprint

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

VALID_FOR: Final = timedelta(minutes=15)
"""How long a payer may take between what they are shown and their order."""

ASKED_AT_ONCE: Final = 10

_VERIFICATION: Final = RowKind("payee_verification", store.INSERT_VERIFICATIONS)
_CONTENT: Final = RowKind("payee_verification_content", store.INSERT_CONTENTS)


@dataclass(frozen=True, slots=True, repr=False)
class Question(Sensitive):
    """What is asked about a payee.

    Attributes:
        id: of the verification that it makes.
        debtor_account: who is to pay.
        payee: with an IBAN as machines write it.
    """

    id: UUID
    debtor_account: UUID
    payee: schemas.Payee


@dataclass(frozen=True, slots=True)
class VerificationSources:
    """Who knows what payees are called.

    Attributes:
        own: of this platform's accounts.
        directory: of other banks.
        asker: asks these.
        patience: with all of them together.
    """

    own: OwnPayees
    directory: PayeeDirectory
    asker: PayeeAsker
    patience: Patience


class VerificationService:
    """Verifications for a tenant's payers.

    Args:
        database: connected as the application's role.
        accounts: of payers and payees.
        institutions: under whose BIC other banks are asked.
        sources: of names.
        sealer: seals what was asked and shown.
        fingerprints: by which a payment's payee is recognised.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        ids: Ids,
        accounts: AccountService,
        institutions: InstitutionService,
        sources: VerificationSources,
        sealer: SecretSealer,
        fingerprints: Fingerprints,
    ) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._accounts = accounts
        self._institutions = institutions
        self._sources = sources
        self._contents = VerificationContents(database, sealer)
        self._restrictions = AccountRestrictions(database, clock)
        self._fingerprints = fingerprints

    async def verify(self, call: Call, asked: schemas.NewVerification) -> Answer:
        """`POST /v1/payee-verifications` -> 201 `Verification`.

        Raises:
            UnknownPayerAccount: the tenant has no such.
            PayeeIbanInvalid: see there.
        """
        call = self._fingerprints.covered(call)
        answer = await self._earlier(call)
        if answer is None:
            payee = schemas.Payee(_checked(asked.iban, "iban"), asked.name)
            made = await self._verified(call, asked.debtor_account, [payee])
            answer = await self._kept(call, made, made.views[0])
        if answer.is_refusal:
            return answer
        view = answer.value(schemas.Verification)
        [told] = await self._named(call.tenant_id, [view])
        return msgspec.structs.replace(answer, body=msgspec.json.encode(told))

    async def verify_all(self, call: Call, asked: schemas.NewVerifications) -> Answer:
        """`POST /v1/payee-verifications/batch` -> 201 `Verifications`.

        Raises:
            UnknownPayerAccount: the tenant has no such.
            PayeeIbanInvalid: of any of them; none is asked about then.
        """
        call = self._fingerprints.covered(call)
        answer = await self._earlier(call)
        if answer is None:
            payees = [
                schemas.Payee(_checked(each.iban, f"payees[{index}].iban"), each.name)
                for index, each in enumerate(asked.payees)
            ]
            made = await self._verified(call, asked.debtor_account, payees)
            answer = await self._kept(call, made, schemas.Verifications(made.views))
        if answer.is_refusal:
            return answer
        views = answer.value(schemas.Verifications).verifications
        told = schemas.Verifications(await self._named(call.tenant_id, views))
        return msgspec.structs.replace(answer, body=msgspec.json.encode(told))

    async def read(self, call: Call, verification_id: UUID) -> schemas.VerificationRecord:
        """`GET /v1/payee-verifications/{verification}`. It is in the audit log before the answer.

        Raises:
            VerificationNotFound: the tenant has no such.
            SubjectRestricted: payer or payee is a customer, and not to be read of for the purpose.
        """
        row = await self._database.fetchrow(store.FIND, call.tenant_id, verification_id)
        if row is None:
            raise VerificationNotFound("There is no such verification.")
        content = (await self._contents.of(call.tenant_id, [verification_id])).get(verification_id)
        payee = None
        if content is not None:
            payee = await self._accounts.find_by_iban(call.tenant_id, content.iban)
        await self._restrictions.check(call, (row["debtor_account"], payee))
        await audit.write(self._database, self._clock, call, Answer(200, b""))
        view = schemas.Verification(
            row["verification_id"],
            row["debtor_account"],
            Verdict(row["verdict"]),
            row["asked_at"],
            row["expires_at"],
            None if content is None else content.matched_name,
        )
        return schemas.VerificationRecord(
            view,
            None if content is None else content.iban,
            None if content is None else content.name,
            row["order_id"],
            row["confirmed"],
        )

    async def _earlier(self, call: Call) -> Answer | None:
        return (await idempotency.find(self._database, call.tenant_id, [call])).get(call.id)

    async def ask(
        self, call: Call, questions: Sequence[Question], within_s: float
    ) -> list[Comparison]:
        """What is found of each payee; `not_possible` of who is not answered for in time.

        Args:
            call: on whose behalf, for the audit log where names are opened.
            questions: of accounts that the tenant has.
            within_s: for all of them together.

        Raises:
            BankAccountNotFound: the tenant has no such payer.
        """
        bics = {
            debtor: await self._bic(call.tenant_id, debtor)
            for debtor in {each.debtor_account for each in questions}
        }
        found = [Comparison(Verdict.NOT_POSSIBLE)] * len(questions)
        lines = asyncio.Semaphore(ASKED_AT_ONCE)

        async def ask(index: int) -> None:
            asked = questions[index]
            async with lines:
                bic = bics[asked.debtor_account]
                found[index] = await self._compare(call, asked.id, bic, asked.payee)

        try:
            async with asyncio.timeout(within_s), asyncio.TaskGroup() as asking:
                for index in range(len(questions)):
                    asking.create_task(ask(index))
        except TimeoutError:
            pass  # what is not answered stays as it is
        return found

    async def ask_chunk(self, call: Call, questions: Sequence[Question]) -> list[Comparison]:
        """The same of a chunk of a file."""
        return await self.ask(call, questions, self._sources.patience.chunk_s)

    def rows(
        self,
        call: Call,
        questions: Sequence[Question],
        found: Sequence[Comparison],
        at: datetime,
        expires_at: datetime,
    ) -> list[Row]:
        """What was asked and found, for the commit that keeps it; what is kept already stays."""
        prints = self._fingerprints
        verifications, contents = list[Row](), list[Row]()
        for asked, comparison in zip(questions, found, strict=True):
            iban, name = asked.payee.iban, asked.payee.name
            keyed = iban_fingerprint(prints, iban), name_fingerprint(prints, name)
            stamped = at, call.actor, expires_at
            values = (asked.id, asked.debtor_account, *keyed, comparison.verdict, *stamped)
            verifications.append(Row(_VERIFICATION, values))
            said = schemas.Content(iban, name, comparison.name)
            sealed = self._contents.sealed(call.tenant_id, asked.id, said)
            contents.append(Row(_CONTENT, (asked.id, sealed)))
        return [*verifications, *contents]

    async def _verified(
        self, call: Call, debtor: UUID, payees: Sequence[schemas.Payee]
    ) -> "_Verified":
        questions = [Question(self._ids.new(), debtor, payee) for payee in payees]
        try:
            found = await self.ask(call, questions, self._sources.patience.batch_s)
        except BankAccountNotFound:
            raise UnknownPayerAccount("There is no such account.", field="debtor_account") from None
        at = self._clock.now()
        # No names are in the answer that is stored for repeats: they are put in when it leaves.
        views = [
            schemas.Verification(asked.id, debtor, comparison.verdict, at, at + VALID_FOR)
            for asked, comparison in zip(questions, found, strict=True)
        ]
        return _Verified(views, self.rows(call, questions, found, at, at + VALID_FOR))

    async def _bic(self, tenant_id: UUID, debtor: UUID) -> str:
        account = await self._accounts.account(tenant_id, debtor)
        return (await self._institutions.find(tenant_id, account.institution_id)).bic

    async def _compare(
        self, call: Call, verification_id: UUID, bic: str, payee: schemas.Payee
    ) -> Comparison:
        sources = self._sources
        own = await self._accounts.find_by_iban(call.tenant_id, payee.iban)
        if own is not None:
            return await sources.own.compare(call, own, payee.name)
        responder = sources.directory.find(payee.iban)
        if responder is None:
            return Comparison(Verdict.NOT_POSSIBLE)
        return await sources.asker.ask(responder, verification_id, bic, payee.iban, payee.name)

    async def _kept(
        self, call: Call, made: "_Verified", answer: schemas.Verification | schemas.Verifications
    ) -> Answer:
        async def work(connection: "Connection") -> Answer:
            await write_rows(connection, call.tenant_id, made.rows)
            return Answer.of(answer, 201)

        return await once(self._database, self._clock, call, work)

    async def _named(
        self, tenant_id: UUID, views: Sequence[schemas.Verification]
    ) -> list[schemas.Verification]:
        """What was found with the names that it may show, the same at every repeat."""
        contents = await self._contents.of(tenant_id, [view.id for view in views])
        return [
            msgspec.structs.replace(view, matched_name=contents[view.id].matched_name)
            if view.id in contents
            else view
            for view in views
        ]


@dataclass(frozen=True, slots=True)
class _Verified:
    """What was found, in the order in which it was asked; and the rows of that."""

    views: list[schemas.Verification]
    rows: list[Row]


def _checked(text: str, field: str) -> str:
    try:
        return str(IBAN(text, validate_bban=True))
    except (SchwiftyException, ValueError):
        raise PayeeIbanInvalid("It is no valid IBAN.", field=field) from None
