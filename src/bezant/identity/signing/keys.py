"""Signing and verifying, tenant by tenant, with keys that are in memory for minutes."""

import asyncio
import json
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid4, uuid5

from bezant.identity.jose import (
    Algorithm,
    JoseRefused,
    PrivateKey,
    PublicKey,
    Signed,
    read_public_key,
    read_token,
    verify,
)
from bezant.identity.signing import store
from bezant.identity.signing.life import (
    DEFAULT_ALGORITHM,
    PUBLISHED_AFTER,
    SIGNS_FOR,
    SigningKey,
    missing,
    signing,
)
from bezant.kernel.calls import Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.kernel.errors import Unavailable
from bezant.kernel.ids import Ids
from bezant.kernel.sealed import SealedField, Sealer, Sealing
from bezant.kernel.sealed_owners import SealedOwner

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

LOADED_FOR_S: Final = 300.0
"""How long opened keys stay in memory."""

ASKED_AGAIN_S: Final = 2.0
"""How soon an unknown `kid` has the keys loaded again: another process may have made it."""

LOOKED_FOR_S: Final = 0.7
"""How long it is relied on that no key was retired, by whoever signs, verifies or publishes."""

LOOK_S_MAX: Final = 1.0
"""How long the database may take to say so."""

PRIVATE_KEY: Final = SealedField("signing_key.private")


class InvalidSignature(Exception):  # noqa: N818 - what is the case
    """The token is none that this issuer signed as what it is presented as."""


@dataclass(frozen=True, slots=True, repr=False)
class _Loaded:
    """A tenant's keys. `at` is when they were read, on the monotonic clock."""

    at: float
    keys: Sequence[SigningKey]
    private: Mapping[UUID, PrivateKey]
    public: Sequence[PublicKey]


class SigningKeys:
    """The signing keys of every tenant.

    At rest a key exists only sealed by the vault. It is opened for five minutes at a time, by an
    entry in the audit log; without the vault nothing new is signed after that.

    Args:
        database: where what is published of keys is kept.
        sealer: keeps the keys themselves.
        monotonic: seconds, from any start.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        ids: Ids,
        sealer: Sealer,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._sealer = sealer
        self._monotonic = monotonic
        self._loaded: dict[UUID, _Loaded] = {}
        self._loads: dict[UUID, asyncio.Task[_Loaded]] = {}
        self._looked: dict[UUID, float] = {}
        self._looks: dict[UUID, asyncio.Task[set[UUID]]] = {}

    def owner(self) -> SealedOwner:
        """Which sealed values keys hold, for the sweep."""
        return SealedOwner((PRIVATE_KEY,), self._find_held)

    async def sign(
        self, tenant_id: UUID, claims: Mapping[str, Any], *, typ: str, alg: Algorithm | None = None
    ) -> str:
        """A token of the tenant's issuer.

        Raises:
            Unavailable: the vault or the database does not answer.
        """
        key = await self.private_key(tenant_id, alg or DEFAULT_ALGORITHM)
        return key.sign(claims, typ=typ)

    async def private_key(
        self, tenant_id: UUID, algorithm: Algorithm = DEFAULT_ALGORITHM
    ) -> PrivateKey:
        """The key that signs now, for what is no token.

        Raises:
            Unavailable: the vault or the database does not answer.
        """
        loaded = await self._current(tenant_id)
        key = signing(loaded.keys, algorithm, self._clock.now())
        if key is None or key.id not in loaded.private:
            loaded = await self._load(tenant_id)
            key = signing(loaded.keys, algorithm, self._clock.now())
        assert key is not None, "loading makes what is missing"
        return loaded.private[key.id]

    async def verify(self, tenant_id: UUID, token: str, typ: str) -> Mapping[str, Any]:
        """What a token of the tenant's issuer claims.

        Only the signature is looked at, and that it was made for this `typ` (RFC 8725, 3.11).

        Raises:
            InvalidSignature: it is none.
            Unavailable: the keys cannot be read.
        """
        try:
            read = read_token(token)
            if read.header.get("typ") != typ or read.kid is None:
                raise InvalidSignature
            loaded = await self._current(tenant_id)
            if all(key.kid != read.kid for key in loaded.public):
                loaded = await self._newer(tenant_id, loaded)
            signed: Signed = verify(read, loaded.public)
        except JoseRefused:
            raise InvalidSignature from None
        return signed.claims

    async def holds(self, tenant_id: UUID, kid: str) -> bool:
        """Whether what a key signed is still to be believed; a retired key's is not.

        Raises:
            Unavailable: that cannot be known.
        """
        loaded = await self._current(tenant_id)
        return any(key.kid == kid for key in loaded.public)

    async def jwks(self, tenant_id: UUID) -> dict[str, Any]:
        """What is published: the keys that sign, will soon, and did until lately (RFC 7517, 5)."""
        loaded, now = await self._current(tenant_id), self._clock.now()
        return {"keys": [dict(key.public_jwk) for key in loaded.keys if key.is_published(now)]}

    async def _current(self, tenant_id: UUID) -> _Loaded:
        loaded = self._loaded.get(tenant_id)
        if loaded is None or self._monotonic() - loaded.at >= LOADED_FOR_S:
            return await self._load(tenant_id)
        if self._monotonic() - self._looked.get(tenant_id, loaded.at) < LOOKED_FOR_S:
            return loaded
        task = self._looks.get(tenant_id)
        if task is None:
            task = asyncio.create_task(self._look(tenant_id))
            self._looks[tenant_id] = task
            task.add_done_callback(lambda _: self._looks.pop(tenant_id))
        known = await asyncio.shield(task)
        loaded = self._loaded[tenant_id]
        if known != {key.id for key in loaded.keys}:
            return await self._load(tenant_id)
        return loaded

    async def _look(self, tenant_id: UUID) -> set[UUID]:
        """Which keys there are: an operator may have retired one."""
        at = self._monotonic()
        try:
            async with asyncio.timeout(LOOK_S_MAX):
                rows = await self._database.fetch(store.FIND_IDS, tenant_id)
        except TimeoutError:
            raise Unavailable("The signing keys could not be checked in time.") from None
        self._looked[tenant_id] = at
        return {row["key_id"] for row in rows}

    async def _newer(self, tenant_id: UUID, loaded: _Loaded) -> _Loaded:
        if self._monotonic() - loaded.at < ASKED_AGAIN_S:
            return loaded
        return await self._load(tenant_id)

    async def _load(self, tenant_id: UUID) -> _Loaded:
        """Read and open the keys; whoever asks meanwhile waits for the same."""
        task = self._loads.get(tenant_id)
        if task is None:
            task = asyncio.create_task(self._load_now(tenant_id))
            self._loads[tenant_id] = task
            task.add_done_callback(lambda _: self._loads.pop(tenant_id))
        return await asyncio.shield(task)

    async def _load_now(self, tenant_id: UUID) -> _Loaded:
        at, now = self._monotonic(), self._clock.now()
        keys = _keys(await self._database.fetch(store.FIND, tenant_id))
        needed = missing(keys, now)
        if needed:
            keys = await self._make(tenant_id, needed, now)
        used = [key for key in keys if now < key.signs_until]
        opened = await self._sealer.open(self._call(tenant_id, "open"), [k.reference for k in used])
        private = {
            key.id: PrivateKey.read(str(key.id), key.algorithm, opened.values[key.reference])
            for key in used
        }
        public = [read_public_key(key.public_jwk) for key in keys if key.is_published(now)]
        loaded = _Loaded(at, keys, private, public)
        self._loaded[tenant_id] = loaded
        self._looked[tenant_id] = at
        return loaded

    async def _make(
        self, tenant_id: UUID, needed: Mapping[Algorithm, datetime], now: datetime
    ) -> Sequence[SigningKey]:
        """Make keys, unless another process just did; and forget those that are long gone."""
        made: list[SigningKey] = []
        sealings: list[Sealing] = []
        for algorithm, signs_from in needed.items():
            key_id, reference = self._ids.new(), uuid4()
            # On a thread: an RSA key takes as long as hundreds of requests.
            private = await asyncio.to_thread(PrivateKey.generate, str(key_id), algorithm)
            until = signs_from + SIGNS_FOR
            made.append(
                SigningKey(key_id, algorithm, private.public_jwk(), reference, signs_from, until)
            )
            # No person's: of the tenant's issuer, by a name that follows from the tenant's.
            subject = uuid5(tenant_id, "signing")
            sealings.append(Sealing(reference, subject, PRIVATE_KEY, private.write()))
        await self._sealer.seal(self._call(tenant_id, "make"), sealings)

        async def work(connection: "Connection") -> tuple[list[SigningKey], list[UUID]]:
            there = _keys(await connection.fetch(store.FIND, tenant_id))
            still = missing(there, now)
            wanted = [key for key in made if key.algorithm in still]
            for key in wanted:
                await connection.execute(store.INSERT, tenant_id, *_columns(key))
            gone = await connection.fetch(store.DELETE_OLD, tenant_id, now - PUBLISHED_AFTER)
            return wanted, [row["reference"] for row in gone]

        wanted, gone = await self._database.transaction(work)
        kept = [key.reference for key in wanted]
        unused = [key.reference for key in made if key not in wanted]
        if kept:
            await self._sealer.keep(tenant_id, kept)
        if unused or gone:
            await self._sealer.discard(tenant_id, [*unused, *gone])
        return _keys(await self._database.fetch(store.FIND, tenant_id))

    def _call(self, tenant_id: UUID, verb: str) -> Call:
        return Call(
            id=self._ids.new(),
            tenant_id=tenant_id,
            actor="platform",
            action=f"signing_key.{verb}",
            resource=f"/id/{tenant_id}/jwks",
            origin="job",
            purpose="token_signing",
        )

    async def _find_held(self, tenant_id: UUID, references: Sequence[UUID]) -> Collection[UUID]:
        rows = await self._database.fetch(store.FIND_HELD, tenant_id, list(references))
        return [row["reference"] for row in rows]


def _columns(key: SigningKey) -> tuple[object, ...]:
    return (
        key.id,
        key.algorithm.value,
        json.dumps(key.public_jwk).encode(),
        key.reference,
        key.signs_from,
        key.signs_until,
    )


def _keys(rows: Sequence["asyncpg.Record"]) -> Sequence[SigningKey]:
    return [
        SigningKey(
            id=row["key_id"],
            algorithm=Algorithm(row["algorithm"]),
            public_jwk=json.loads(row["public_jwk"]),
            reference=row["reference"],
            signs_from=row["signs_from"],
            signs_until=row["signs_until"],
        )
        for row in rows
    ]
