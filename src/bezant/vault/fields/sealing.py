"""Turning values into rows: checked, indexed, encrypted."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from bezant.kernel.sealed import Normal, Sealing
from bezant.vault.crypto.aead import encrypt
from bezant.vault.crypto.context import Context
from bezant.vault.crypto.digests import keyed_digest
from bezant.vault.fields.errors import InvalidSealedValue
from bezant.vault.fields.normal import normalised
from bezant.vault.keys import SubjectKey, TenantKey

DIGEST_DOMAIN = "index"


@dataclass(frozen=True, slots=True)
class SealedValue:
    """A value's ciphertext under a version of its subject's key."""

    value: Sealing
    key_version: int
    sealed: bytes


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """A value's digest under a version of its field's index key."""

    field: str
    digest: bytes
    reference: UUID
    key_version: int


def check(values: Sequence[Sealing], bytes_max: int) -> None:
    """Look that every value can be sealed.

    Raises:
        InvalidSealedValue: one is too long.
        Refusal: one has not the form that its index compares.
    """
    for value in values:
        if len(value.value.encode()) > bytes_max:
            raise InvalidSealedValue(f"At most {bytes_max} bytes.", field=value.field.name)
        if value.field.index is not None:
            normalised(value.field.index, value.value)


def encrypt_all(
    tenant_id: UUID,
    values: Sequence[Sealing],
    keys: Mapping[UUID, SubjectKey],
    random_bytes: Callable[[int], bytes],
) -> list[SealedValue]:
    """Each value under its subject's key, bound to its place."""
    rows = []
    for value in values:
        found = keys[value.subject_id]
        context = Context(
            tenant_id, value.subject_id, value.field.name, value.reference, found.version
        ).canonical()
        sealed = encrypt(found.key, value.value.encode(), context, random_bytes)
        rows.append(SealedValue(value, found.version, sealed))
    return rows


def digest_of(key: TenantKey, form: Normal, value: str) -> bytes:
    """What equality search compares."""
    return keyed_digest(key.key, DIGEST_DOMAIN, normalised(form, value).encode())


def index_all(values: Sequence[Sealing], keys: Mapping[str, TenantKey]) -> list[IndexEntry]:
    """The digests of values whose field has an index; `keys` by the field's name."""
    return [
        IndexEntry(
            value.field.name,
            digest_of(keys[value.field.name], value.field.index, value.value),
            value.reference,
            keys[value.field.name].version,
        )
        for value in values
        if value.field.index is not None
    ]
