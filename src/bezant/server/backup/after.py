"""What has to happen to a restored cluster before it serves."""

from bezant.server.backup.clusters import Cluster
from bezant.server.embedded import DataFolder, PostgresAddress


async def after_restore(data: DataFolder, cluster: Cluster, address: PostgresAddress) -> None:
    """Undo what a backup must not bring back, while the restored server is closed to others."""
