"""The routes of subjects, on the vault's own listener."""

from collections.abc import Sequence
from io import BytesIO
from typing import Final
from uuid import UUID

from msgspec import Struct

from bezant.kernel.calls import Answer
from bezant.kernel.http import (
    Document,
    DocumentOperation,
    Nothing,
    Operation,
    Reading,
    ReadOperation,
    WriteOperation,
    Writing,
)
from bezant.kernel.sealed import KeyStoreDown, SubjectErased
from bezant.vault.subjects.errors import (
    ErasureBlocked,
    ExportTooLarge,
    HoldInThePast,
    HoldNotFound,
    SubjectNotFound,
    TooManyHolds,
)
from bezant.vault.subjects.journal import JournalUnwritable
from bezant.vault.subjects.readable import page
from bezant.vault.subjects.reports import Reports
from bezant.vault.subjects.retention import ValueRetention
from bezant.vault.subjects.schemas import (
    Erasure,
    ErasureRequest,
    Export,
    FieldName,
    Hold,
    NewHold,
    RestrictionRequest,
    RetentionChange,
    RetentionRule,
    RetentionRules,
    Subject,
    SubjectExport,
)
from bezant.vault.subjects.service import Standing, SubjectService

SUBJECTS: Final = "vault:subjects"
HOLDS: Final = "vault:holds"

_TAG: Final = "subjects"
_SUBJECT: Final = "/v1/vault/subjects/{subject}"
_RETENTION: Final = "/v1/vault/retention"
_HTML: Final = "text/html"


class SubjectPath(Struct, frozen=True):
    """A subject."""

    subject: UUID


class HoldPath(Struct, frozen=True):
    """A legal hold of a subject."""

    subject: UUID
    hold: UUID


class FieldPath(Struct, frozen=True):
    """A sealed field."""

    field: FieldName


class Routes:
    """The handlers."""

    def __init__(
        self, subjects: SubjectService, reports: Reports, retention: ValueRetention
    ) -> None:
        self._subjects = subjects
        self._reports = reports
        self._retention = retention

    async def get(self, asked: Reading[SubjectPath, Nothing]) -> Subject:
        """`GET /v1/vault/subjects/{subject}`."""
        return await self._reports.get(asked.call("subject.read", ""), asked.path.subject)

    async def export(self, asked: Reading[SubjectPath, Export]) -> SubjectExport | Document:
        """`GET /v1/vault/subjects/{subject}/export`."""
        call = asked.call("subject.export", asked.query.purpose)
        export = await self._reports.export(call, asked.path.subject)
        if asked.query.format == "json":
            return export
        # In memory: what identifies people is written to no disk.
        text = page(export).encode()
        name = f"personal-data-{asked.path.subject}.html"
        return Document(
            200, b"", file=BytesIO(text), size=len(text), media_type=f"{_HTML}; charset=utf-8",
            name=name,
        )  # fmt: skip

    async def restrict(self, asked: Writing[SubjectPath, RestrictionRequest]) -> Answer:
        """`POST /v1/vault/subjects/{subject}/restrict`."""
        return await self._subjects.restrict(asked.call, asked.path.subject, asked.body)

    async def lift(self, asked: Writing[SubjectPath, RestrictionRequest]) -> Answer:
        """`POST /v1/vault/subjects/{subject}/lift`."""
        return await self._subjects.lift(asked.call, asked.path.subject, asked.body)

    async def erase(self, asked: Writing[SubjectPath, ErasureRequest]) -> Answer:
        """`POST /v1/vault/subjects/{subject}/erase`."""
        return await self._subjects.erase(asked.call, asked.path.subject, asked.body)

    async def hold(self, asked: Writing[SubjectPath, NewHold]) -> Answer:
        """`POST /v1/vault/subjects/{subject}/holds`."""
        return await self._subjects.hold(asked.call, asked.path.subject, asked.body)

    async def release(self, asked: Writing[HoldPath, Nothing]) -> Answer:
        """`POST /v1/vault/subjects/{subject}/holds/{hold}/release`."""
        return await self._subjects.release(asked.call, asked.path.subject, asked.path.hold)

    async def rules(self, asked: Reading[Nothing, Nothing]) -> RetentionRules:
        """`GET /v1/vault/retention`."""
        return await self._retention.rules(asked.principal.tenant_id)

    async def change_rule(self, asked: Writing[FieldPath, RetentionChange]) -> Answer:
        """`PUT /v1/vault/retention/{field}`."""
        return await self._retention.change(asked.call, asked.path.field, asked.body)


def operations(
    subjects: SubjectService, reports: Reports, retention: ValueRetention
) -> Sequence[Operation]:
    """The operations on subjects."""
    routes = Routes(subjects, reports, retention)
    return [
        *_reading(routes),
        *_restricting(routes),
        *_holding(routes),
        *_retaining(routes),
        _erasing(routes),
    ]


def _reading(routes: Routes) -> Sequence[Operation]:
    return [
        ReadOperation(
            id="get_subject",
            path=_SUBJECT,
            tag=_TAG,
            summary="What the vault keeps of a person, without a value",
            scope=SUBJECTS,
            path_type=SubjectPath,
            answer_type=Subject,
            refusals=(SubjectNotFound,),
            handler=routes.get,
        ),
        DocumentOperation(
            id="export_subject",
            path=f"{_SUBJECT}/export",
            tag=_TAG,
            summary="Everything about a person, former values and the audit log included",
            description=(
                "For the person (GDPR, articles 15 and 20), as JSON or as a page to read. A GET,"
                " because answers to writes are kept for their repetition, and this must not be."
            ),
            scope=SUBJECTS,
            path_type=SubjectPath,
            query_type=Export,
            answer_type=SubjectExport,
            media={_HTML: "A page without scripts."},
            refusals=(SubjectNotFound, SubjectErased, ExportTooLarge, KeyStoreDown),
            handler=routes.export,
        ),
    ]


def _restricting(routes: Routes) -> Sequence[Operation]:
    return [
        WriteOperation(
            id="restrict_subject",
            path=f"{_SUBJECT}/restrict",
            tag=_TAG,
            summary="Restrict the processing of a person's data",
            description=(
                "Values are opened and found only for the purposes `consent`, `legal_claims`,"
                " `protection_of_others` and `public_interest` (GDPR, article 18). They can still"
                " be added to, rectified, exported and erased."
            ),
            scope=SUBJECTS,
            action="subject.restrict",
            path_type=SubjectPath,
            body_type=RestrictionRequest,
            example={"purpose": "accuracy_contested"},
            answer_type=Standing,
            refusals=(SubjectNotFound, SubjectErased),
            handler=routes.restrict,
        ),
        WriteOperation(
            id="lift_restriction",
            path=f"{_SUBJECT}/lift",
            tag=_TAG,
            summary="End a restriction",
            scope=SUBJECTS,
            action="subject.lift",
            path_type=SubjectPath,
            body_type=RestrictionRequest,
            example={"purpose": "accuracy_verified"},
            answer_type=Standing,
            refusals=(SubjectNotFound, SubjectErased),
            handler=routes.lift,
        ),
    ]


def _holding(routes: Routes) -> Sequence[Operation]:
    return [
        WriteOperation(
            id="hold_subject",
            path=f"{_SUBJECT}/holds",
            tag=_TAG,
            summary="Place a legal hold",
            description="While it stands, nothing of the person is erased.",
            scope=HOLDS,
            action="hold.place",
            path_type=SubjectPath,
            body_type=NewHold,
            example={"reason": "litigation-2026-17"},
            status=201,
            answer_type=Hold,
            refusals=(SubjectNotFound, SubjectErased, HoldInThePast, TooManyHolds),
            handler=routes.hold,
        ),
        WriteOperation(
            id="release_hold_on_subject",
            path=f"{_SUBJECT}/holds/{{hold}}/release",
            tag=_TAG,
            summary="Release a legal hold",
            scope=HOLDS,
            action="hold.release",
            path_type=HoldPath,
            body_type=Nothing,
            example={},
            answer_type=Hold,
            refusals=(HoldNotFound,),
            handler=routes.release,
        ),
    ]


def _retaining(routes: Routes) -> Sequence[Operation]:
    return [
        ReadOperation(
            id="list_retention_rules",
            path=_RETENTION,
            tag=_TAG,
            summary="How long values have to be kept",
            scope=HOLDS,
            answer_type=RetentionRules,
            handler=routes.rules,
        ),
        WriteOperation(
            id="change_retention_rule",
            path=f"{_RETENTION}/{{field}}",
            tag=_TAG,
            summary="Say how long values of a field have to be kept at least",
            description="Until then they block erasure, with the reason and the date.",
            scope=HOLDS,
            action="retention_rule.change",
            method="PUT",
            path_type=FieldPath,
            body_type=RetentionChange,
            example={"keep_days": 1826, "reason": "anti-money-laundering"},
            answer_type=RetentionRule,
            handler=routes.change_rule,
        ),
    ]


def _erasing(routes: Routes) -> Operation:
    return WriteOperation(
        id="erase_subject",
        path=f"{_SUBJECT}/erase",
        tag=_TAG,
        summary="Erase a person's data",
        description=(
            "Destroys the person's keys, values, indexes and tokens (GDPR, article 17). No backup"
            " brings them back. A hold or a retention rule blocks it and says why."
        ),
        scope=SUBJECTS,
        action="subject.erase",
        path_type=SubjectPath,
        body_type=ErasureRequest,
        example={"reason": "consent_withdrawn"},
        answer_type=Erasure,
        refusals=(SubjectNotFound, ErasureBlocked, JournalUnwritable),
        handler=routes.erase,
    )
