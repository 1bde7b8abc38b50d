"""Proving factors. What is right is used up in the same statement that finds it right."""

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from bezant.identity.factors import passkeys, recovery, store, totp
from bezant.identity.factors.domain import Method
from bezant.identity.factors.errors import ProofRefused
from bezant.identity.factors.passkeys import Asserted, Claimed, RelyingParty
from bezant.identity.factors.passwords import Passwords
from bezant.identity.users.means import Means
from bezant.identity.users.notices import tell
from bezant.kernel.sealing import SealedSecret, SecretSealer

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]


class Proving:
    """Whether users prove what they should.

    Args:
        means: where rows, the time, identifiers and chance come from.
        passwords: hashes.
        sealer: opens the secrets of authenticator applications.
        party: whom passkeys are for.
    """

    def __init__(
        self,
        means: Means,
        passwords: Passwords,
        sealer: SecretSealer,
        party: RelyingParty,
    ) -> None:
        self._database = means.database
        self._clock = means.clock
        self._ids = means.ids
        self._passwords = passwords
        self._sealer = sealer
        self.party = party

    async def password(self, tenant_id: UUID, user_id: UUID, password: str) -> bool:
        """Whether it is the user's password. A hash is computed, whoever it is.

        Raises:
            Busy: too many wait already.
        """
        row = await self._database.fetchrow(store.FIND_HASH, tenant_id, user_id)
        encoded = None if row is None else str(row["hash"])
        is_right = await self._passwords.verify(encoded, password)
        if is_right and encoded is not None and self._passwords.is_outdated(encoded):
            fresh = await self._passwords.hash(password)
            await self._database.transaction(
                lambda connection: connection.execute(
                    store.REPLACE_HASH, tenant_id, user_id, encoded, fresh
                )
            )
        return is_right

    async def totp_step(self, tenant_id: UUID, user_id: UUID, code: str) -> int | None:
        """The time step that a code is of; None for a wrong code.

        Right is not enough: `take_totp_step` tells whether it was used before.
        """
        row = await self._database.fetchrow(store.FIND_TOTP, tenant_id, user_id)
        if row is None:
            return None
        context = totp.context_of(tenant_id, user_id)
        secret = self._sealer.open(SealedSecret(row["sealed"]), context).decode()
        return totp.step_of(secret, code, self._clock.now())

    async def take_totp_step(
        self, connection: "Connection", tenant_id: UUID, user_id: UUID, step: int
    ) -> bool:
        """Use a time step up; False when it, or a later one, was used before."""
        now = self._clock.now()
        return await connection.fetchrow(store.TAKE_STEP, tenant_id, user_id, step, now) is not None

    async def take_recovery_code(
        self, connection: "Connection", tenant_id: UUID, user_id: UUID, code: str
    ) -> bool:
        """Use a recovery code up, and tell the user; False when it is none, or no longer."""
        digest = recovery.digest_of(user_id, code)
        taken = await connection.fetchrow(store.TAKE_RECOVERY_CODE, tenant_id, user_id, digest)
        if taken is None:
            return False
        now = self._clock.now()
        await tell(connection, self._ids, tenant_id, user_id, "user.recovery_code_used", now)
        return True

    async def passkey(
        self, tenant_id: UUID, claimed: Claimed, credential: str
    ) -> tuple[UUID, Asserted]:
        """Whose passkey answered the challenge that it claims, and what it says now.

        Raises:
            ProofRefused: unknown, flagged, or the answer is not right.
        """
        row = await self._database.fetchrow(store.FIND_PASSKEY, tenant_id, claimed.credential_id)
        if row is None or (claimed.user_id is not None and claimed.user_id != row["user_id"]):
            raise ProofRefused("It does not answer what was asked.")
        asserted = passkeys.verify_assertion(
            self.party, credential, claimed.challenge, row["public_key"]
        )
        return row["user_id"], asserted

    async def take_passkey(
        self, connection: "Connection", tenant_id: UUID, claimed: Claimed, asserted: Asserted
    ) -> Method | None:
        """Note a passkey's use; None when it is flagged, which may be by this.

        A counter that does not grow means that the key was copied (Web Authentication Level 3,
        section 6.1.1), as does an eligibility for backups that changed, which never does (6.1.3).
        Both flag the passkey for good. Whether it is backed up may change: the user is told.
        """
        row = await connection.fetchrow(store.FIND_PASSKEY, tenant_id, claimed.credential_id)
        if row is None or row["flagged_at"] is not None:
            return None
        now, passkey_id, user_id = self._clock.now(), row["passkey_id"], row["user_id"]
        told = {"passkey": str(passkey_id)}
        counts = asserted.sign_count or row["sign_count"]
        if (counts and asserted.sign_count <= row["sign_count"]) or (
            asserted.is_backup_eligible != row["is_backup_eligible"]
        ):
            await connection.execute(store.FLAG_PASSKEY, tenant_id, passkey_id, now)
            await self._tell(connection, tenant_id, user_id, "user.passkey_flagged", now, told)
            return None
        if asserted.is_backed_up != row["is_backed_up"]:
            kind = "user.passkey_backup_changed"
            await self._tell(connection, tenant_id, user_id, kind, now, told)
        await connection.execute(
            store.USE_PASSKEY, tenant_id, passkey_id, asserted.sign_count, asserted.is_backed_up,
            now,
        )  # fmt: skip
        return Method.SYNCED_PASSKEY if row["is_backup_eligible"] else Method.PASSKEY

    async def _tell(
        self,
        connection: "Connection",
        tenant_id: UUID,
        user_id: UUID,
        kind: str,
        at: datetime,
        told: dict[str, str],
    ) -> None:
        await tell(connection, self._ids, tenant_id, user_id, kind, at, told)
