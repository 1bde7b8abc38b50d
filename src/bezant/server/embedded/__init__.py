"""The servers that come with the platform: PostgreSQL, twice, and Valkey on one data folder."""

from bezant.server.embedded.errors import StartupError
from bezant.server.embedded.folder import DataFolder
from bezant.server.embedded.postgres import PostgresAddress, PostgresServer, superuser_password
from bezant.server.embedded.postgres_config import MAIN, SUPERUSER
from bezant.server.embedded.programs import POSTGRES
from bezant.server.embedded.servers import EmbeddedServers
from bezant.server.embedded.valkey import ValkeyServer

__all__ = [
    "MAIN",
    "POSTGRES",
    "SUPERUSER",
    "DataFolder",
    "EmbeddedServers",
    "PostgresAddress",
    "PostgresServer",
    "StartupError",
    "ValkeyServer",
    "superuser_password",
]
