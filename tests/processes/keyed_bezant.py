"""`bezant` with the tests' key store, whose file is named in the environment."""

import os
import sys
from pathlib import Path

from bezant.cli import main
from bezant.kernel.settings import Settings
from bezant.server.backup import keys
from bezant.vault.keystores import KeyStore
from keyed import FileKeyStore


async def open_key_store(settings: Settings) -> KeyStore:  # noqa: ARG001 - as it is called
    return FileKeyStore(Path(os.environ["TEST_KEY_STORE"]))


if __name__ == "__main__":
    keys.open_key_store = open_key_store
    # After the words that begin `bezant` otherwise.
    sys.argv = ["bezant", *sys.argv[sys.argv.index("bezant.cli") + 1 :]]
    main()
