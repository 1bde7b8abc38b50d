"""The key hierarchy: a root in a key store, keys of tenants, keys of subjects."""

from bezant.vault.keys.errors import KeyDestroyed, KeyRetired
from bezant.vault.keys.subjects import SubjectKey, SubjectKeys
from bezant.vault.keys.tenants import TRIES_MAX, KeyKind, Seen, TenantKey, TenantKeys, index_kind

__all__ = [
    "TRIES_MAX",
    "KeyDestroyed",
    "KeyKind",
    "KeyRetired",
    "Seen",
    "SubjectKey",
    "SubjectKeys",
    "TenantKey",
    "TenantKeys",
    "index_kind",
]
