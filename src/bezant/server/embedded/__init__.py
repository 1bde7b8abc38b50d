"""The servers that come with the platform: PostgreSQL, twice, and Valkey on one data folder."""

from bezant.server.embedded.archiving import ARCHIVED_WITHIN_S, ARCHIVIST_PID, archiving_conf
from bezant.server.embedded.errors import AlreadyRunning, DiskFull, StartupError, still_running
from bezant.server.embedded.folder import DataFolder
from bezant.server.embedded.orphan import stop_orphan
from bezant.server.embedded.postgres import PostgresAddress, PostgresServer, superuser_password
from bezant.server.embedded.postgres_config import KEYS, MAIN, SUPERUSER, Cluster
from bezant.server.embedded.programs import POSTGRES
from bezant.server.embedded.recovery import recover
from bezant.server.embedded.servers import EmbeddedServers
from bezant.server.embedded.sockets import forget_sockets, socket_folder, socket_path
from bezant.server.embedded.valkey import ValkeyServer

__all__ = [
    "ARCHIVED_WITHIN_S",
    "ARCHIVIST_PID",
    "KEYS",
    "MAIN",
    "POSTGRES",
    "SUPERUSER",
    "AlreadyRunning",
    "Cluster",
    "DataFolder",
    "DiskFull",
    "EmbeddedServers",
    "PostgresAddress",
    "PostgresServer",
    "StartupError",
    "ValkeyServer",
    "archiving_conf",
    "forget_sockets",
    "recover",
    "socket_folder",
    "socket_path",
    "still_running",
    "stop_orphan",
    "superuser_password",
]
