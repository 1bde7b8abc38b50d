"""Looking at a backup without restoring it, and at what was restored before it serves."""

from collections.abc import Callable

from bezant.ledger.verify import BookReport, verify
from bezant.server.backup.choosing import Chosen
from bezant.server.backup.sources import Source
from bezant.server.connecting import opened_database
from bezant.server.embedded import PostgresAddress
from bezant.server.migrating import migrate_keys_schema, migrate_schema
from bezant.vault.backup import BackupDamaged, base_name, log_name, part_of
from bezant.vault.keystores import BoundKeys

_CONNECTIONS_MAX = 2


async def check_parts(chosen: Chosen, keys: BoundKeys, progress: Callable[[int, int], None]) -> int:
    """Read all that a restore would read; the bytes of it.

    Args:
        chosen: what to read.
        keys: what opens it.
        progress: told the files that were read, and how many there are.

    Raises:
        BackupKeyRefused: the key store does not open a file.
        BackupDamaged: a file is not as it was written.
    """
    series, manifest = chosen.series, chosen.manifest
    expected = {part.name: part for part in manifest.parts}
    base = manifest.parts[0].name
    assert base.startswith(base_name(manifest.id, ""))
    names = [base, *(log_name(segment) for segment in chosen.log)]
    size = 0
    for count, name in enumerate(names):
        progress(count, len(names))
        header, part = await part_of(keys, series.folder, name)
        if name == base:
            series.check(header, "base", str(manifest.id))
        else:
            series.check(header, "wal", name.rpartition("/")[2])
        if part != expected.get(name, part):
            raise BackupDamaged(f"{name} is not the file that the backup's manifest names.")
        size += part.bytes
    progress(len(names), len(names))
    return size


async def examine(
    source: Source, address: PostgresAddress, step: Callable[[str], None]
) -> list[BookReport]:
    """Bring a restored cluster up to this release, and verify every book that it holds.

    What was erased since the backup may be back in it. It is erased again from the journal, which
    is outside of the clusters, by every start of the vault before it serves.
    """
    if source.is_strict:
        await migrate_keys_schema(address.owner_url, address.vault_url, step)
        return []
    await migrate_schema(address.owner_url, address.app_url, address.vault_url, step)
    step("Verifying the books")
    async with opened_database(address.app_url, connections_max=_CONNECTIONS_MAX) as database:
        return [report async for report in verify(database)]
