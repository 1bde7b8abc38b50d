"""What entries of the cache are signed with: the operator's secret, or the data folder's."""

import hashlib
import secrets
from pathlib import Path
from typing import Final

from bezant.kernel.cache import SECRET_BYTES_MIN
from bezant.kernel.settings import Settings
from bezant.server.embedded import DataFolder

_FILE: Final = "cache.key"


def cache_secret(settings: Settings, data: DataFolder) -> str:
    """The secret in hexadecimal digits; made at the first start unless the settings have one."""
    if settings.cache_secret is not None:
        return hashlib.sha256(settings.cache_secret.get_secret_value().encode()).hexdigest()
    path = data.path / _FILE
    secret = _read(path)
    if secret is None:
        secret = secrets.token_hex(SECRET_BYTES_MIN)
        data.write(path, secret + "\n", is_secret=True)
    return secret


def _read(path: Path) -> str | None:
    """What was made earlier. One that is damaged is made anew: a cache may be lost at any time."""
    try:
        secret = path.read_text(encoding="ascii").strip()
        return secret if len(bytes.fromhex(secret)) >= SECRET_BYTES_MIN else None
    except (FileNotFoundError, ValueError):
        return None
