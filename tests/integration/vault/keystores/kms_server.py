"""`python kms_server.py PORT`: moto's KMS, which also does what AWS's documentation says of states.

A key that is disabled, or waits for its deletion, encrypts and decrypts nothing; a ciphertext of
another key than the named one is an IncorrectKeyException. moto leaves the first out, and has
another word for the second.
"""

import sys
from threading import Event
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.kms.exceptions import AccessDeniedException
from moto.kms.models import KmsBackend
from moto.server import ThreadedMotoServer

_encrypt, _decrypt = KmsBackend.encrypt, KmsBackend.decrypt


def _check(backend: Any, key_id: str) -> None:
    state = backend.keys[backend.any_id_to_key_id(key_id)].key_state
    if state != "Enabled":
        raise JsonRESTError("KMSInvalidStateException", f"The key is {state}")


def encrypt(self: Any, key_id: str, *rest: Any, **named: Any) -> Any:
    _check(self, key_id)
    return _encrypt(self, key_id, *rest, **named)


def decrypt(self: Any, *rest: Any, **named: Any) -> Any:
    _check(self, named["key_id"])
    try:
        return _decrypt(self, *rest, **named)
    except AccessDeniedException:
        raise JsonRESTError("IncorrectKeyException", "Another key encrypted it") from None


KmsBackend.encrypt, KmsBackend.decrypt = encrypt, decrypt
ThreadedMotoServer("127.0.0.1", int(sys.argv[1]), verbose=False).start()
print("serving", flush=True)  # noqa: T201 - whoever starts it waits for this
Event().wait()
