"""Where root keys are: outside of the database, behind one port."""

from bezant.vault.keystores.port import (
    BoundKeys,
    KeyRefused,
    KeyStore,
    KeyStoreDown,
    Wrapped,
)

__all__ = ["BoundKeys", "KeyRefused", "KeyStore", "KeyStoreDown", "Wrapped"]
