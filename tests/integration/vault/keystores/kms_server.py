"""`python kms_server.py PORT`: moto's KMS, which also does what AWS's documentation says of states.

A key that is disabled, or waits for its deletion, encrypts and decrypts nothing; a ciphertext of
another key than the named one is an IncorrectKeyException. moto leaves the first out, and has
another word for the second.
"""

import sys
from threading import Event

from moto.core.exceptions import JsonRESTError
from moto.kms.exceptions import AccessDeniedException
from moto.kms.models import KmsBackend
from moto.server import ThreadedMotoServer

_encrypt, _decrypt = KmsBackend.encrypt, KmsBackend.decrypt


def _check(backend: KmsBackend, key_id: str) -> None:
    state = backend.keys[backend.any_id_to_key_id(key_id)].key_state
    if state != "Enabled":
        raise JsonRESTError("KMSInvalidStateException", f"The key is {state}")


def encrypt(
    self: KmsBackend, key_id: str, plaintext: bytes, encryption_context: dict[str, str]
) -> tuple[bytes, str]:
    _check(self, key_id)
    return _encrypt(self, key_id, plaintext, encryption_context)


def decrypt(
    self: KmsBackend,
    ciphertext_blob: bytes,
    encryption_context: dict[str, str],
    key_id: str | None = None,
) -> tuple[bytes, str]:
    assert key_id is not None
    _check(self, key_id)
    try:
        return _decrypt(self, ciphertext_blob, encryption_context, key_id)
    except AccessDeniedException:
        raise JsonRESTError("IncorrectKeyException", "Another key encrypted it") from None


KmsBackend.encrypt = encrypt  # type: ignore[method-assign] # as the docstring says
KmsBackend.decrypt = decrypt  # type: ignore[method-assign] # as the docstring says
ThreadedMotoServer("127.0.0.1", int(sys.argv[1]), verbose=False).start()
sys.stdout.write("serving\n")
sys.stdout.flush()
Event().wait()
