"""The routes of rotations, on the vault's own listener."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from msgspec import Struct

from bezant.kernel.calls import Answer
from bezant.kernel.http import Nothing, Operation, Reading, ReadOperation, WriteOperation, Writing
from bezant.kernel.pagination import UUID_POSITION, InvalidCursor, Page, turn_page
from bezant.vault.rotation.errors import (
    KeyInUse,
    KeyKeptForBackups,
    KeyVersionNotFound,
    RotationNotFound,
    RotationRunning,
    UnknownKeyKind,
)
from bezant.vault.rotation.schemas import (
    DestroyedKeys,
    KeyDestruction,
    KeyVersions,
    NewRotation,
    Rotation,
    Rotations,
)
from bezant.vault.rotation.service import RotationService

SCOPE: Final = "vault:keys"

_ROTATIONS: Final = "/v1/vault/rotations"


class RotationPath(Struct, frozen=True):
    """A rotation."""

    rotation: UUID


class OfSubject(Struct, frozen=True, forbid_unknown_fields=True):
    """Whose keys; the tenant's without `subject_id`."""

    subject_id: UUID | None = None


class Routes:
    """The handlers."""

    def __init__(self, rotations: RotationService) -> None:
        self._rotations = rotations

    async def start(self, asked: Writing[Nothing, NewRotation]) -> Answer:
        """`POST /v1/vault/rotations`."""
        return await self._rotations.start(asked.call, asked.body)

    async def page(self, asked: Reading[Nothing, Page]) -> Rotations:
        """`GET /v1/vault/rotations`."""
        tenant_id = asked.principal.tenant_id
        return await turn_page(
            _ROTATIONS,
            asked.query,
            UUID_POSITION,
            lambda after, limit: self._rotations.page(tenant_id, after=after, limit=limit),
        )

    async def get(self, asked: Reading[RotationPath, Nothing]) -> Rotation:
        """`GET /v1/vault/rotations/{rotation}`."""
        return await self._rotations.get(asked.principal.tenant_id, asked.path.rotation)

    async def keys(self, asked: Reading[Nothing, OfSubject]) -> KeyVersions:
        """`GET /v1/vault/keys`."""
        tenant_id = asked.principal.tenant_id
        if asked.query.subject_id is None:
            return await self._rotations.keys(tenant_id)
        return await self._rotations.subject_keys(tenant_id, asked.query.subject_id)

    async def destroy(self, asked: Writing[Nothing, KeyDestruction]) -> Answer:
        """`POST /v1/vault/keys/destroy`."""
        return await self._rotations.destroy(asked.call, asked.body)


def operations(rotations: RotationService) -> Sequence[Operation]:
    """The operations on keys of the vault."""
    routes = Routes(rotations)
    return [
        WriteOperation(
            id="start_vault_rotation",
            path=_ROTATIONS,
            tag="vault-keys",
            summary="Rotate keys",
            description="Answers at once; the work goes on in the background while everything is "
            "read and written as before.",
            scope=SCOPE,
            action="vault_rotation.start",
            body_type=NewRotation,
            example={"kind": "tenant"},
            status=202,
            answer_type=Rotation,
            refusals=(RotationRunning, UnknownKeyKind),
            handler=routes.start,
        ),
        ReadOperation(
            id="list_vault_rotations",
            path=_ROTATIONS,
            tag="vault-keys",
            summary="List rotations",
            scope=SCOPE,
            query_type=Page,
            answer_type=Rotations,
            refusals=(InvalidCursor,),
            handler=routes.page,
        ),
        ReadOperation(
            id="get_vault_rotation",
            path=f"{_ROTATIONS}/{{rotation}}",
            tag="vault-keys",
            summary="See how far a rotation is",
            scope=SCOPE,
            path_type=RotationPath,
            answer_type=Rotation,
            refusals=(RotationNotFound,),
            handler=routes.get,
        ),
        ReadOperation(
            id="list_vault_keys",
            path="/v1/vault/keys",
            tag="vault-keys",
            summary="List versions of keys",
            scope=SCOPE,
            query_type=OfSubject,
            answer_type=KeyVersions,
            handler=routes.keys,
        ),
        WriteOperation(
            id="destroy_vault_key",
            path="/v1/vault/keys/destroy",
            tag="vault-keys",
            summary="Destroy versions of keys that nothing needs",
            description="With a reason also those that only backups need; the reason is audited.",
            scope=SCOPE,
            action="vault_key.destroy",
            body_type=KeyDestruction,
            example={"kind": "data"},
            answer_type=DestroyedKeys,
            refusals=(KeyInUse, KeyKeptForBackups, KeyVersionNotFound, UnknownKeyKind),
            handler=routes.destroy,
        ),
    ]
