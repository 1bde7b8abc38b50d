"""The server's sealing key: from the settings, or made in the data folder at the first start.

`sealing.key`, 0600, for our own user only. The database holds what is sealed under it: whoever has
a dump without this file has no secrets, and whoever loses the file has to make them anew.
"""

import os
from base64 import b64encode
from pathlib import Path
from typing import Final

from bezant.kernel.sealing import KEY_BYTES
from bezant.kernel.settings import Settings, read_sealing_key
from bezant.server.embedded import DataFolder
from bezant.server.errors import SealingKeyUnusable

_FILE: Final = "sealing.key"


def sealing_key(settings: Settings, data: DataFolder) -> str:
    """The key, in base64.

    Raises:
        SealingKeyUnusable: the file does not hold one.
    """
    path = data.path / _FILE
    if settings.sealing_key is None and not path.exists():
        data.write(path, b64encode(os.urandom(KEY_BYTES)).decode() + "\n", is_secret=True)
    return stored_sealing_key(settings, data.path)


def stored_sealing_key(settings: Settings, folder: Path) -> str:
    """The key, in base64, for who works beside the platform that runs on a data folder.

    Raises:
        SealingKeyUnusable: there is none.
    """
    if settings.sealing_key is not None:
        return settings.sealing_key.get_secret_value()
    path = folder / _FILE
    try:
        text = path.read_text(encoding="ascii")
        read_sealing_key(text)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise SealingKeyUnusable(
            f"The sealing key {path} cannot be used: it {reason}.",
            "Restore the file from a backup. Without it, sealed secrets have to be made anew:"
            " then remove it, and rotate the keys of webhook endpoints.",
        ) from error
    return text.strip()
