"""Accounts in front of the database: out of the cache where that is certainly the newest."""

import asyncio
from collections.abc import Collection, Coroutine
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

import msgspec
import structlog

from bezant.kernel.cache import Cache, CacheName, Flights, Found, New
from bezant.kernel.database import Database
from bezant.kernel.errors import Refusal
from bezant.ledger.balance_cache import store
from bezant.ledger.balance_cache.claims import RENEW_NS, Claim, Claims
from bezant.ledger.balance_cache.domain import Changed
from bezant.ledger.balance_cache.view import BALANCE, View
from bezant.ledger.errors import AccountNotFound
from bezant.ledger.lane import FIND_HOLDER, account_of

if TYPE_CHECKING:
    from bezant.ledger.lane import BookKey

TTL_S: Final = 300.0
"""How long an entry is kept unless it is written again."""

# Work that nobody waits for; beyond, it is left undone.
_IN_BACKGROUND_MAX: Final = 256
# Reads of a book that nobody holds before this process takes its lane.
_READS_BEFORE_ADOPTION: Final = 3
_UNHELD_MAX: Final = 1_000
_NO_BYTES: Final = 8

log = structlog.get_logger("bezant.ledger")
_encode: Final = msgspec.json.Encoder().encode


class Adopts(Protocol):
    """Takes lanes that nobody holds."""

    async def adopt(self, key: "BookKey") -> None:
        """Take the lane of a book if its holder has ended, or it never had one."""
        ...


class _Read(NamedTuple):
    """An answer as the database had it: the newest of its account at `seq`.

    Attributes:
        asked_at_ns: when the database was asked.
        claim: None where nothing tells how long it stays the newest.
    """

    asked_at_ns: int
    account_no: int
    seq: int
    body: bytes
    claim: Claim | None

    @property
    def is_current(self) -> bool:
        """Whether it is certainly the newest."""
        return self.claim is not None and self.claim.admits(self.account_no, self.seq)


class BalanceEntries:
    """Balances written to the cache, by their books' incarnations."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    async def publish(
        self, key: "BookKey", incarnation: str, seq: int, changed: Collection[Changed]
    ) -> None:
        """Write balances through."""
        await self._cache.write(
            [
                _entry(
                    key, BALANCE, incarnation, seq, account_no, balance.account, _encode(balance)
                )
                for account_no, balance in changed
            ],
            ttl_s=TTL_S,
        )


class CachedAccounts:
    """Reads of accounts and their balances by one process.

    An entry says: this was so of the account when the book stood at `seq`. It is answered if
    the book's watermarks, which no cache can change, say that nothing has touched the account
    since. In every other case the database answers.
    """

    def __init__(self, database: Database, cache: Cache, claims: Claims, lanes: Adopts) -> None:
        self._database = database
        self._cache = cache
        self._claims = claims
        self._lanes = lanes
        self._flights: Flights[tuple[BookKey, str, str], _Read] = Flights()
        self._unheld: dict[BookKey, int] = {}
        self._background: set[asyncio.Task[None]] = set()

    async def read(self, key: "BookKey", account_id: str, view: View) -> bytes | None:
        """The rendered view, if the cache has it; None sends the reader to the database."""
        claim = self._claims.of(key)
        if claim is None:
            return None
        if claim.age_ns >= RENEW_NS and not claim.is_renewing:
            claim.is_renewing = True
            self._in_background(self._renew(key, claim))

        def is_current(found: Found) -> bool:
            return claim.admits(int.from_bytes(found.value[:_NO_BYTES]), found.version)

        found = await self._cache.read(
            _name(key, view, claim.watermark.incarnation, account_id), is_current
        )
        return None if found is None else found.value[_NO_BYTES:]

    async def fetch(self, key: "BookKey", account_id: str, view: View) -> bytes:
        """The rendered view as the database has it, kept for the next reader.

        Raises:
            AccountNotFound: the book, if there is such a book, has no such account.
        """
        begun_at_ns = self._claims.now()
        read = await self._flights.join(
            (key, account_id, view.kind), lambda: self._find(key, account_id, view)
        )
        # Who joined may have come after it was read, and after somebody was told of a change.
        if read.asked_at_ns < begun_at_ns and not read.is_current:
            read = await self._find(key, account_id, view)
        return read.body

    async def close(self) -> None:
        """Wait for what is under way."""
        await self._flights.close()
        await asyncio.gather(*self._background, return_exceptions=True)

    async def _find(self, key: "BookKey", account_id: str, view: View) -> _Read:
        asked_at_ns = self._claims.now()
        row = await self._database.fetchrow(store.FIND_ACCOUNT, *key, account_id)
        if row is None:
            raise AccountNotFound(f"No account {account_id!r}.")
        account, seq = account_of(row), row["seq"]
        body = _encode(view.render(account))
        claim = self._claims.learn(key, row["epoch"], row["holder"], asked_at_ns)
        if claim is None:
            self._without_claim(key)
        elif claim.admits(account.no, seq):
            if view is BALANCE:
                claim.watermark.want(account.no)
            incarnation = claim.watermark.incarnation
            entry = _entry(key, view, incarnation, seq, account.no, account_id, body)
            self._in_background(self._cache.write([entry], ttl_s=TTL_S))
        return _Read(asked_at_ns, account.no, seq, body, claim)

    async def _renew(self, key: "BookKey", claim: Claim) -> None:
        """Ask the database again who holds the book's lane."""
        asked_at_ns = self._claims.now()
        try:
            row = await self._database.fetchrow(FIND_HOLDER, *key)
            if row is not None:
                self._claims.learn(key, row["epoch"], row["holder"], asked_at_ns)
        except Refusal as refusal:
            # Nobody waits for it. The claim ends by itself, and readers then ask the database.
            log.warning("claim_not_renewed", code=refusal.code)
        finally:
            claim.is_renewing = False

    def _without_claim(self, key: "BookKey") -> None:
        """Take the lane of a book that is read again and again and that nobody holds."""
        reads = self._unheld.pop(key, 0) + 1
        if reads >= _READS_BEFORE_ADOPTION:
            self._in_background(self._adopt(key))
            return
        self._unheld[key] = reads
        if len(self._unheld) > _UNHELD_MAX:
            del self._unheld[next(iter(self._unheld))]

    async def _adopt(self, key: "BookKey") -> None:
        try:
            await self._lanes.adopt(key)
        except Refusal as refusal:
            log.warning("lane_not_adopted", code=refusal.code)

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        if len(self._background) >= _IN_BACKGROUND_MAX:
            work.close()
            return
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)


def _name(key: "BookKey", view: View, incarnation: str, account_id: str) -> CacheName:
    return CacheName(key[0], view.kind, f"{incarnation}/{account_id}")


def _entry(
    key: "BookKey",
    view: View,
    incarnation: str,
    seq: int,
    account_no: int,
    account_id: str,
    body: bytes,
) -> New:
    return New(
        _name(key, view, incarnation, account_id), seq, account_no.to_bytes(_NO_BYTES) + body
    )
