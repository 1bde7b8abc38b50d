"""Where root keys are: outside of the database, behind one port."""

from bezant.vault.keystores.choice import KeyStoreChoice, LocalPlace, read_choice
from bezant.vault.keystores.errors import KeyStoreUnusable
from bezant.vault.keystores.opening import create_key_store, has_key_store, open_key_store
from bezant.vault.keystores.operating import (
    KeyStoreStatus,
    check_key_store,
    key_store_status,
    rotate_passphrase,
    split_passphrase,
)
from bezant.vault.keystores.passphrases import FilePassphrase, KeyringPassphrase
from bezant.vault.keystores.port import (
    BoundKeys,
    KeyRefused,
    KeyStore,
    KeyStoreDown,
    Wrapped,
)

__all__ = [
    "BoundKeys",
    "FilePassphrase",
    "KeyRefused",
    "KeyStore",
    "KeyStoreChoice",
    "KeyStoreDown",
    "KeyStoreStatus",
    "KeyStoreUnusable",
    "KeyringPassphrase",
    "LocalPlace",
    "Wrapped",
    "check_key_store",
    "create_key_store",
    "has_key_store",
    "key_store_status",
    "open_key_store",
    "read_choice",
    "rotate_passphrase",
    "split_passphrase",
]
