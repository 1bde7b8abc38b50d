"""Verifying payees before they are paid, and keeping what the payer was shown."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec
from schwifty import IBAN
from schwifty.exceptions import SchwiftyException

from bezant.banking import (
    AccountService,
    BankAccount,
    BankAccountNotFound,
    InstitutionService,
)
from bezant.kernel import audit, idempotency
from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.kernel.fingerprints import Fingerprints
from bezant.kernel.idempotency import once
from bezant.kernel.ids import Ids
from bezant.kernel.sealing import SealedSecret, SecretSealer
from bezant.payments.vop import schemas, store
from bezant.payments.vop.asking import PayeeAsker
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
        self._sealer = sealer
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
        """
        row = await self._database.fetchrow(store.FIND, call.tenant_id, verification_id)
        if row is None:
            raise VerificationNotFound("There is no such verification.")
        await audit.write(self._database, self._clock, call, Answer(200, b""))
        content = (await self._contents(call.tenant_id, [verification_id])).get(verification_id)
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

    async def _verified(
        self, call: Call, debtor: UUID, payees: Sequence[schemas.Payee]
    ) -> "_Verified":
        try:
            account = await self._accounts.account(call.tenant_id, debtor)
        except BankAccountNotFound:
            raise UnknownPayerAccount("There is no such account.", field="debtor_account") from None
        ids = [self._ids.new() for _ in payees]
        found = await self._ask(call, account, ids, payees)
        at = self._clock.now()
        # No names are in the answer that is stored for repeats: they are put in when it leaves.
        views = [
            schemas.Verification(each, debtor, comparison.verdict, at, at + VALID_FOR)
            for each, comparison in zip(ids, found, strict=True)
        ]
        return _Verified(views, payees, found)

    async def _ask(
        self,
        call: Call,
        account: BankAccount,
        ids: Sequence[UUID],
        payees: Sequence[schemas.Payee],
    ) -> list[Comparison]:
        institution = await self._institutions.find(call.tenant_id, account.institution_id)
        found = [Comparison(Verdict.NOT_POSSIBLE)] * len(payees)
        lines = asyncio.Semaphore(ASKED_AT_ONCE)

        async def ask(index: int) -> None:
            async with lines:
                found[index] = await self._compare(call, ids[index], institution.bic, payees[index])

        try:
            async with (
                asyncio.timeout(self._sources.patience.batch_s),
                asyncio.TaskGroup() as asking,
            ):
                for index in range(len(payees)):
                    asking.create_task(ask(index))
        except TimeoutError:
            pass  # what is not answered stays as it is
        return found

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
        first, ids = made.views[0], [view.id for view in made.views]
        ibans = [iban_fingerprint(self._fingerprints, each.iban) for each in made.payees]
        names = [name_fingerprint(self._fingerprints, each.name) for each in made.payees]
        verdicts = [view.verdict for view in made.views]
        sealed = [
            self._sealer.seal(
                msgspec.json.encode(schemas.Content(payee.iban, payee.name, comparison.name)),
                _context(call.tenant_id, view.id),
            )
            for view, payee, comparison in zip(made.views, made.payees, made.found, strict=True)
        ]

        async def work(connection: "Connection") -> Answer:
            await connection.execute(
                store.INSERT_VERIFICATIONS, call.tenant_id, first.debtor_account, first.asked_at,
                call.actor, first.expires_at, ids, ibans, names, verdicts,
            )  # fmt: skip
            await connection.execute(store.INSERT_CONTENTS, call.tenant_id, ids, sealed)
            return Answer.of(answer, 201)

        return await once(self._database, self._clock, call, work)

    async def _named(
        self, tenant_id: UUID, views: Sequence[schemas.Verification]
    ) -> list[schemas.Verification]:
        """What was found with the names that it may show, the same at every repeat."""
        contents = await self._contents(tenant_id, [view.id for view in views])
        return [
            msgspec.structs.replace(view, matched_name=contents[view.id].matched_name)
            if view.id in contents
            else view
            for view in views
        ]

    async def _contents(self, tenant_id: UUID, ids: Sequence[UUID]) -> dict[UUID, schemas.Content]:
        rows = await self._database.fetch(store.FIND_CONTENTS, tenant_id, ids)
        return {
            row["verification_id"]: schemas.CONTENT.decode(
                self._sealer.open(
                    SealedSecret(row["sealed"]), _context(tenant_id, row["verification_id"])
                )
            )
            for row in rows
        }


@dataclass(frozen=True, slots=True)
class _Verified:
    """What was found, in the order in which it was asked."""

    views: list[schemas.Verification]
    payees: Sequence[schemas.Payee]
    found: Sequence[Comparison]


def _checked(text: str, field: str) -> str:
    try:
        return str(IBAN(text, validate_bban=True))
    except (SchwiftyException, ValueError):
        raise PayeeIbanInvalid("It is no valid IBAN.", field=field) from None


def _context(tenant_id: UUID, verification_id: UUID) -> bytes:
    return b"payee_verification" + tenant_id.bytes + verification_id.bytes
