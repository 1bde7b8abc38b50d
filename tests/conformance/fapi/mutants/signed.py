"""What mutants do to the reading of signed tokens."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import ModuleType
from typing import Any

from joserfc import jws

from bezant.identity.jose import Algorithm, JoseRefused, PublicKey, Signed, Token, read_token
from conformance.fapi.mutants.mutant import Original, Patch, around

Claims = dict[str, Any]


def with_claims(patch: Patch, reader: ModuleType, change: Callable[[Claims], Claims]) -> None:
    """Read what is claimed as something else, where a signature is checked."""

    def make(verify: Original) -> Original:
        def changed(token: Token, keys: Sequence[PublicKey]) -> Signed:
            signed: Signed = verify(token, keys)
            return replace(signed, claims=change(dict(signed.claims)))

        return changed

    around(patch, reader, "verify", make)


def with_rs256(patch: Patch, reader: ModuleType) -> None:
    """Take RS256, by the keys that are for PS256."""

    def verify(token: Token, keys: Sequence[PublicKey]) -> Signed:
        [key] = (key for key in keys if key.kid == token.kid)
        jws.deserialize_compact(token.text, key.key, algorithms=["RS256"])
        return Signed(token.header, token.claimed, key)

    _with_algorithm(patch, reader, "RS256", verify)


def with_none(patch: Patch, reader: ModuleType) -> None:
    """Take tokens that nobody signed."""

    def verify(token: Token, keys: Sequence[PublicKey]) -> Signed:
        return Signed(token.header, token.claimed, keys[0])

    _with_algorithm(patch, reader, "none", verify)


def without_signatures(patch: Patch, reader: ModuleType) -> None:
    """Take tokens whoever signed them."""

    def verify(token: Token, keys: Sequence[PublicKey]) -> Signed:
        return Signed(token.header, token.claimed, keys[0])

    patch.setattr(reader, "verify", verify)


def _with_algorithm(
    patch: Patch,
    reader: ModuleType,
    name: str,
    verify: Callable[[Token, Sequence[PublicKey]], Signed],
) -> None:
    """Take a further algorithm; a token that uses it is taken apart as if it used another."""
    otherwise = reader.verify

    def read_any(text: str) -> Token:
        try:
            return read_token(text)
        except JoseRefused:
            if text.count(".") != 2:
                raise
            head, body, _ = text.split(".")
            header = _decoded(head)
            if header.get("alg") != name:
                raise
            return Token(text, Algorithm.PS256, header, _decoded(body))

    def verify_any(token: Token, keys: Sequence[PublicKey]) -> Signed:
        is_other = token.header["alg"] == name
        signed: Signed = (verify if is_other else otherwise)(token, keys)
        return signed

    patch.setattr(reader, "read_token", read_any)
    patch.setattr(reader, "verify", verify_any)


def _decoded(part: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(urlsafe_b64decode(part + "=="))
    return found
