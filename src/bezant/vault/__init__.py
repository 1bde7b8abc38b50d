"""The vault: keys, sealed fields, tokens, erasure.

It runs as a process of its own, as a role of its own in the database; everything else holds
references to what is sealed here.
"""

from typing import TYPE_CHECKING

from bezant.kernel.lazy import lazily

if TYPE_CHECKING:
    from bezant.vault import backup, keystores, rotation
    from bezant.vault.fields.restriction import is_open_under_restriction
    from bezant.vault.proxy import Outbound
    from bezant.vault.rpc import VaultClient
    from bezant.vault.service import Vault
    from bezant.vault.subjects import Described, Duty, JournalRefused, accept_journal

__all__ = [
    "Described",
    "Duty",
    "JournalRefused",
    "Outbound",
    "Vault",
    "VaultClient",
    "accept_journal",
    "backup",
    "is_open_under_restriction",
    "keystores",
    "rotation",
]

__getattr__ = lazily(
    __name__,
    {
        "fields.restriction": "is_open_under_restriction",
        "proxy": "Outbound",
        "rpc": "VaultClient",
        "service": "Vault",
        "subjects": "Described, Duty, JournalRefused, accept_journal",
    },
    modules=("backup", "keystores", "rotation"),
)
