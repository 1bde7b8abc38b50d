"""What somebody can do to a book who owns the database: everything, consistently."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bezant.ledger.export import Exports, Manifest
from bezant.ledger.export.records import BatchRecord, Record
from bezant.ledger.export.replaying import RecordReplay
from bezant.ledger.proof import Checkpoint, leaf_hash, merkle_root, open_note, sign, terms_hash
from bezant.ledger.verify import BookReport, verify_book
from bezant.ledger.verify.replay import Replay
from fixtures_exports import Library
from fixtures_ledger import Bank

if TYPE_CHECKING:
    import asyncpg

KEY = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"the operator's").digest())
PUBLIC = KEY.public_key().public_bytes_raw()

# Everything that a book consists of.
TABLES = (
    *("transfer", "account_event", "transaction_content", "batch", "hold_event"),
    *("limit_group_event", "account", "limit_group", "hold", "balance", "lane", "log_node"),
    *("checkpoint", "refused_transaction", "asset", "book"),
)


@dataclass
class Target:
    """A book under attack, the superuser's connection, and notes that the attacker cannot reach."""

    bank: Bank
    superuser: "asyncpg.Connection[asyncpg.Record]"
    library: Library
    notes: list[str] = field(default_factory=list)

    async def sign(self) -> Checkpoint:
        """Keep a signed head of the book's log outside."""
        bank = self.bank
        lane = await bank.database.fetchrow(
            "SELECT seq, log_size, root FROM lane WHERE tenant_id = $1 AND book_id = $2",
            bank.tenant_id,
            bank.book_id,
        )
        assert lane is not None
        book = await bank.ledger.book(bank.tenant_id, bank.book_id)
        scales = {asset.code: asset.scale for asset in book.assets}
        checkpoint = Checkpoint(
            bank.book_id,
            len(self.notes) + 1,
            lane["log_size"],
            lane["root"],
            lane["seq"],
            datetime.now(UTC),
            terms_hash(book.id, book.name, book.time_zone, scales, book.created_at),
        )
        self.notes.append(sign(checkpoint, [KEY]))
        return checkpoint

    async def run(self, statement: str) -> None:
        """A statement about the book (`$1` the tenant, `$2` the book) that changes something."""
        tag = await self.superuser.execute(statement, self.bank.tenant_id, self.bank.book_id)
        assert tag.rpartition(" ")[2] != "0", statement

    async def wipe(self) -> None:
        """Remove the book, without a trace."""
        for table in TABLES:
            await self.superuser.execute(
                f"DELETE FROM {table} WHERE tenant_id = $1 AND book_id = $2",
                self.bank.tenant_id,
                self.bank.book_id,
            )

    async def put_in_place(self, export: Path) -> None:
        """Have another history stand in the book's place, sound in itself."""
        await self.wipe()
        await self.library.restore(self.bank, export)

    def checkpoints(self) -> list[Checkpoint]:
        """What was kept outside."""
        return [open_note(note, [PUBLIC]) for note in self.notes]

    async def verify(self, checkpoints: Sequence[Checkpoint]) -> BookReport:
        return await verify_book(
            self.bank.database, self.bank.tenant_id, self.bank.book_id, checkpoints=checkpoints
        )


def rewrite(export: Path, change: Callable[[Record], Record]) -> None:
    """Change records of an export (in JSON), and make everything that follows from them anew.

    The batches' roots, the parts' digests and the manifest's root are as if it had always been so.
    """
    exports = Exports.open([export])
    manifest = Manifest.read(export)
    assert manifest is not None
    [part] = manifest.parts
    records = RecordReplay(Replay(exports.book.id, time_zone=ZoneInfo(exports.book.time_zone)))
    rewritten = list(_rewritten(records, exports, change))
    path = export / part.name
    path.write_bytes(b"".join(msgspec.json.encode(record) + b"\n" for record in rewritten))
    content = path.read_bytes()
    part = msgspec.structs.replace(
        part, bytes=len(content), sha256=hashlib.sha256(content).hexdigest()
    )
    assert records.replay.findings == []
    root = records.replay.log.root.hex()
    assert root != manifest.root
    msgspec.structs.replace(manifest, parts=[part], root=root).write(export)


def _rewritten(
    records: RecordReplay, exports: Exports, change: Callable[[Record], Record]
) -> Iterator[Record]:
    for part, record in exports.records():
        changed: Any = change(record)
        if isinstance(changed, BatchRecord):
            records.end()
            leaves = [leaf_hash(leaf) for leaf in records.replay._leaves]
            changed = msgspec.structs.replace(changed, root=merkle_root(leaves))
        records.take(part, changed)
        yield changed
