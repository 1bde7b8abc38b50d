"""The key hierarchy: a root in a key store, keys of tenants, keys of subjects."""

from bezant.vault.keys.subjects import SubjectKey, SubjectKeys
from bezant.vault.keys.tenants import KeyDestroyed, KeyKind, TenantKey, TenantKeys, index_kind

__all__ = [
    "KeyDestroyed",
    "KeyKind",
    "SubjectKey",
    "SubjectKeys",
    "TenantKey",
    "TenantKeys",
    "index_kind",
]
