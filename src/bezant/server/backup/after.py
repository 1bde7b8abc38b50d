"""What has to happen to a restored cluster before it serves."""

from bezant.server.backup.sources import Source
from bezant.server.embedded import DataFolder, PostgresAddress


async def after_restore(data: DataFolder, source: Source, address: PostgresAddress) -> None:
    """Undo what a backup must not bring back, while the restored server is closed to others."""
