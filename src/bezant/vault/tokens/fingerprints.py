"""Fingerprints: what equal values have in common, for those who hold the tenant's key."""

from collections.abc import Sequence
from contextlib import ExitStack
from uuid import UUID

from bezant.vault.crypto.digests import keyed_digest
from bezant.vault.keys import KeyKind, Seen, TenantKey, TenantKeys
from bezant.vault.tokens.arrivals import Thing


class Fingerprints:
    """Digests by which equal values are found: HMAC under a key of the tenant, per kind of value.

    Args:
        tenants: keys of tenants.
    """

    def __init__(self, tenants: TenantKeys) -> None:
        self._tenants = tenants

    async def of(
        self, tenant_id: UUID, things: Sequence[Thing], seen: Seen = ()
    ) -> tuple[int, list[list[bytes]]]:
        """The version of the active key, and each thing's digests, the active key's first."""
        keys = await self._tenants.every(tenant_id, KeyKind.FINGERPRINT, seen)
        if not any(key.is_active for key in keys):
            keys = [*keys, await self._tenants.active(tenant_id, KeyKind.FINGERPRINT)]
        keys.sort(key=lambda key: not key.is_active)
        with ExitStack() as used:
            for key in keys:
                used.enter_context(key.key)
            return keys[0].version, [[fingerprint(key, thing) for key in keys] for thing in things]


def fingerprint(key: TenantKey, thing: Thing) -> bytes:
    """What a value has in common with its equals, under one version of the key."""
    return keyed_digest(key.key, thing.domain, thing.text.encode())
