"""The processes of one run folder, which share watermarks, and how they go with the lanes."""

import asyncio
import secrets
import shutil
import socket
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

import structlog

from bezant.kernel.ids import Ids
from bezant.ledger.balance_cache.view import balance_of
from bezant.ledger.balance_cache.watermark import Watermark
from bezant.ledger.schemas import Balance

if TYPE_CHECKING:
    from bezant.ledger.domain import Account
    from bezant.ledger.lane.draft import Draft
    from bezant.ledger.lane.watch import BookKey

TRUST_NS: Final = 1_000_000_000
"""How old knowledge of who holds a lane may be for what relies on it."""

HANDOVER_S: Final = 1.25
"""How long a lane rests that comes from another domain: until all that is known of it there is too
old, and a little longer, since the clocks of two machines do not run quite alike.
"""

PUBLISHED_MAX: Final = 512
"""Balances written through after a batch. More are left to their readers."""

TAG_FILE: Final = "domain"
_TAG_DIGITS: Final = 6

log = structlog.get_logger("bezant.ledger")


class Changed(NamedTuple):
    """A balance that a batch has changed."""

    account_no: int
    balance: Balance


class Publisher(Protocol):
    """Where balances go that somebody wants."""

    async def publish(
        self, key: "BookKey", incarnation: str, seq: int, changed: Collection[Changed]
    ) -> None:
        """Take the balances that accounts have at `seq`. Does not raise."""
        ...


class Domain:
    """One run folder on one machine.

    Lanes that change hands within a domain take their watermarks along: the new holder revokes the
    old one's before it writes. Other domains cannot see them, and are waited for.

    Args:
        publisher: None where there is no cache; the watermarks are kept all the same, since other
            processes of the domain may have one.

    Attributes:
        tag: random, as long-lived as the folder: another machine's may have the same name and path.
    """

    def __init__(self, run_folder: Path, ids: Ids, publisher: Publisher | None) -> None:
        self._folder = run_folder
        self._ids = ids
        self._publisher = publisher
        self._host = socket.gethostname()
        self.tag = _tag_of(run_folder)

    def announce(self, key: "BookKey", epoch: int, holder: str, accounts: int) -> "Lease":
        """Make the watermarks that are to be in force once this process has the lane.

        Before it is taken: whoever takes it next finds them and revokes them, even if this process
        comes to a halt in between.
        """
        path = self._path(key, epoch, holder)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        # Of a history that the database has lost since.
        Watermark.revoke_at(path)
        try:
            watermark = Watermark.create(path, self._ids.new().bytes, accounts)
        except OSError as error:
            log.warning("watermarks_unwritable", error=type(error).__name__)
            watermark = None
        return Lease(self, key, epoch, path, watermark)

    def watermark(self, key: "BookKey", epoch: int, holder: str) -> Watermark | None:
        """That of the holder of an epoch, if it is one of this domain and still in force."""
        if not self.includes(holder):
            return None
        watermark = Watermark.open(self._path(key, epoch, holder))
        return None if watermark is None or watermark.is_revoked else watermark

    def includes(self, holder: str) -> bool:
        """Whether a holder is a process of this domain, living or dead."""
        host, _, path = holder.partition(":")
        socket_path = Path(path)
        is_here = host == self._host and socket_path.parent == self._folder
        return is_here and socket_path.name.startswith(f"lane-{self.tag}")

    async def publish(
        self, key: "BookKey", incarnation: str, seq: int, changed: Collection[Changed]
    ) -> None:
        """Hand balances on."""
        if self._publisher is not None:
            await self._publisher.publish(key, incarnation, seq, changed)

    def _path(self, key: "BookKey", epoch: int, holder: str) -> Path:
        tenant_id, book_id = key
        process = Path(holder.partition(":")[2]).stem
        return self._folder / f"{tenant_id.hex}{book_id.hex}" / f"{epoch}-{process}"


class Lease:
    """A lane from before it is taken until it is let go, with its watermarks.

    Args:
        watermark: None where there was no room for one: then nobody relies on this epoch.
    """

    def __init__(
        self, domain: Domain, key: "BookKey", epoch: int, path: Path, watermark: Watermark | None
    ) -> None:
        self._domain = domain
        self._key = key
        self._epoch = epoch
        self._path = path
        self._watermark = watermark
        self._noted: dict[int, list[Changed]] = {}

    async def taken(self, previous: str, seq: int) -> "Lease":
        """Have nobody rely on an earlier epoch any more, then begin this one."""
        for path in self._path.parent.iterdir():
            epoch = path.name.partition("-")[0]
            if path != self._path and epoch.isdigit() and int(epoch) <= self._epoch:
                Watermark.revoke_at(path)
        if previous and not self._domain.includes(previous):
            # Nobody there can be told. What they know of the lane is never older than this.
            await asyncio.sleep(HANDOVER_S)
        if self._watermark is not None:
            self._watermark.begin(seq)
        return self

    def failed(self) -> None:
        """Somebody else was first, or may have been."""
        self.end()

    def end(self) -> None:
        """Nobody is to rely on this epoch any more."""
        Watermark.revoke_at(self._path)

    def expect(self, draft: "Draft") -> None:
        """Mark what the draft touches, and note the balances that somebody reads.

        For every try of a batch. The notes are by `seq`: those of a try that came to nothing are
        replaced by whoever reaches the same.
        """
        watermark, seq = self._watermark, draft.seq
        if watermark is None:
            return
        self._noted.pop(seq, None)
        touched = {undo.account.no: undo.account for undo in draft.journal}
        wanted: list[Account] = []
        for no, account in touched.items():
            watermark.mark(no, seq)
            if watermark.is_wanted(no):
                wanted.append(account)
        if 0 < len(wanted) <= PUBLISHED_MAX:
            self._noted[seq] = [Changed(account.no, balance_of(account)) for account in wanted]

    async def publish(self, draft: "Draft") -> None:
        """Hand on what was noted, unless it was very much."""
        noted = self._noted.pop(draft.seq, None)
        # Tries that came to nothing leave theirs.
        self._noted = {seq: later for seq, later in self._noted.items() if seq > draft.seq}
        if noted is not None and self._watermark is not None:
            incarnation = self._watermark.incarnation
            await self._domain.publish(self._key, incarnation, draft.seq, noted)


def clear_run_folder(folder: Path) -> None:
    """Remove what a run that was killed has left: sockets and watermarks, each with its own name.

    The folder's tag stays: lanes that its last run held are not those of strangers.
    """
    for left in folder.iterdir():
        if left.is_dir():
            shutil.rmtree(left)
        elif left.name != TAG_FILE:
            left.unlink()


def _tag_of(folder: Path) -> str:
    """The folder's tag; made by whoever comes first."""
    path = folder.joinpath(TAG_FILE)
    if not path.exists():
        mine = folder / f"new-{TAG_FILE}-{secrets.token_hex(8)}"
        mine.write_text(secrets.token_hex(_TAG_DIGITS // 2), encoding="ascii")
        with suppress(FileExistsError):
            path.hardlink_to(mine)
        mine.unlink()
    return path.read_text(encoding="ascii")
