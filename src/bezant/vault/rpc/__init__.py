"""The vault as other processes of this machine see it: the port `Sealer` over a Unix socket."""

from bezant.vault.rpc.client import VaultClient
from bezant.vault.rpc.server import VaultServer

__all__ = ["VaultClient", "VaultServer"]
