"""Where root keys are: outside of the database, behind one port."""

from bezant.vault.keystores.choice import KeyStoreChoice, LocalPlace, read_choice
from bezant.vault.keystores.errors import KeyStoreUnusable
from bezant.vault.keystores.opening import create_key_store, open_key_store
from bezant.vault.keystores.passphrases import FilePassphrase
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
    "KeyStoreUnusable",
    "LocalPlace",
    "Wrapped",
    "create_key_store",
    "open_key_store",
    "read_choice",
]
