"""Tokens and keys: what is taken, and all that is not."""

import hmac
import json
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from bezant.identity.jose import (
    ALGORITHMS,
    Algorithm,
    JoseRefused,
    PrivateKey,
    is_signed_by,
    read_public_key,
    read_public_keys,
    read_token,
    verify,
)
from relying import sign

KEYS = {algorithm: PrivateKey.generate("one", algorithm) for algorithm in Algorithm}

# RFC 7515, appendix A.3
ES256_JWK = {
    "kty": "EC",
    "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}
ES256_TOKEN = (
    "eyJhbGciOiJFUzI1NiJ9."
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
)

# RFC 8037, appendices A.2 and A.4
ED25519_JWK = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
ED25519_TOKEN = (
    "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
)


def encoded(value: object) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_the_signature_of_rfc_7515_is_verified() -> None:
    claims = verify(read_token(ES256_TOKEN), [read_public_key(ES256_JWK)]).claims
    assert claims["iss"] == "joe"


def test_the_signature_of_rfc_8037_is_verified_and_no_other() -> None:
    key = read_public_key(ED25519_JWK)
    assert key.thumbprint == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"  # appendix A.3
    assert is_signed_by(ED25519_TOKEN, key)
    assert not is_signed_by(ED25519_TOKEN.replace(".RXh", ".RXg"), key)


@pytest.mark.parametrize("algorithm", Algorithm)
def test_what_a_key_signed_is_verified_with_it_and_with_no_other(algorithm: Algorithm) -> None:
    token = read_token(KEYS[algorithm].sign({"a": 1}, typ="JWT"))
    assert verify(token, [KEYS[algorithm].public_key()]).claims == {"a": 1}
    with pytest.raises(JoseRefused, match="not valid"):
        verify(token, [PrivateKey.generate("one", algorithm).public_key()])


@pytest.mark.parametrize(
    "file", ["jws_rfc7520.json", "jws_rfc7797.json", "jws_examples.json", "jwt_use_jws.json"]
)
def test_vectors_of_other_algorithms_and_of_unencoded_payloads_are_refused(
    vectors: Path, file: str
) -> None:
    tests = json.loads((vectors / "identity" / "jose" / file).read_text())["tests"]
    refused = 0
    for test in tests:
        token = test.get("compact") or test.get("token")
        header = test.get("protected") or test.get("header") or {}
        is_ours = header.get("alg") in ALGORITHMS and set(header) <= {"alg", "kid", "typ"}
        if token is None or is_ours:
            continue
        with pytest.raises(JoseRefused):
            read_token(token)
        refused += 1
    assert refused > 1


@pytest.mark.parametrize(
    "algorithm", ["none", "HS256", "RS256", "RS512", "ES384", "PS512", "ES256K"]
)
def test_a_token_of_another_algorithm_is_refused_whatever_it_is_signed_with(algorithm: str) -> None:
    text = f"{encoded({'alg': algorithm})}.{encoded({'a': 1})}.AAAA"
    with pytest.raises(JoseRefused, match="algorithm"):
        read_token(text)


def test_a_public_key_does_not_verify_as_a_secret() -> None:
    """Algorithm confusion: HMAC over the token with the text of the public key."""
    public = KEYS[Algorithm.ES256].public_key()
    signed = f"{encoded({'alg': 'HS256', 'kid': 'one'})}.{encoded({})}"
    mac = hmac.digest(public.key.as_pem(private=False), signed.encode(), "sha256")
    text = f"{signed}.{urlsafe_b64encode(mac).rstrip(b'=').decode()}"
    with pytest.raises(JoseRefused, match="algorithm"):
        verify(read_token(text), [public])
    assert not is_signed_by(text, public)


def test_a_token_cannot_choose_another_algorithm_for_a_key() -> None:
    token = read_token(KEYS[Algorithm.PS256].sign({}, typ="JWT"))
    with pytest.raises(JoseRefused, match="another algorithm"):
        verify(token, [KEYS[Algorithm.ES256].public_key()])


@pytest.mark.parametrize(
    ("header", "body"),
    [
        ({"alg": "ES256", "crit": ["exp"], "exp": 1}, {}),
        ({"alg": "ES256", "b64": False}, {}),
        ({"alg": "ES256", "zip": "DEF"}, {}),
        ({"alg": ["ES256"]}, {}),
        ({"alg": "ES256"}, []),
        ({"alg": "ES256"}, "text"),
        ([], {}),
    ],
)
def test_odd_headers_and_claims_are_refused(header: object, body: object) -> None:
    with pytest.raises(JoseRefused):
        read_token(f"{encoded(header)}.{encoded(body)}.AAAA")


@pytest.mark.parametrize(
    "text", ["", "a.b", "a.b.c.d.e", "a.b.c\n", "=.=.=", "é.é.é", "a" * 50_000]
)
def test_what_is_no_token_is_refused(text: str) -> None:
    with pytest.raises(JoseRefused):
        read_token(text)


def test_a_claim_that_comes_twice_is_refused() -> None:
    doubled = urlsafe_b64encode(b'{"sub":"a","sub":"b"}').rstrip(b"=").decode()
    with pytest.raises(JoseRefused):
        read_token(f"{encoded({'alg': 'ES256'})}.{doubled}.AAAA")


def test_a_kid_chooses_the_key() -> None:
    one, two = KEYS[Algorithm.ES256], PrivateKey.generate("two", Algorithm.ES256)
    keys = [one.public_key(), two.public_key()]
    assert verify(read_token(two.sign({}, typ="JWT")), keys).key.kid == "two"
    # Signed by one that is in the set, and named otherwise.
    token = sign(one, {"alg": "ES256", "kid": "two"}, {})
    with pytest.raises(JoseRefused):
        verify(read_token(token), keys)
    with pytest.raises(JoseRefused, match="no key"):
        verify(read_token(sign(one, {"alg": "ES256", "kid": "three"}, {})), keys)
    assert verify(read_token(sign(two, {"alg": "ES256"}, {})), keys).key.kid == "two"


def test_the_keys_in_a_header_are_not_followed() -> None:
    stranger = PrivateKey.generate("one", Algorithm.ES256)
    head = {"alg": "ES256", "jwk": stranger.public_jwk(), "jku": "https://evil.example/jwks"}
    with pytest.raises(JoseRefused, match="not valid"):
        verify(read_token(sign(stranger, head, {})), [KEYS[Algorithm.ES256].public_key()])


@pytest.mark.parametrize(
    "jwk",
    [
        OctKey.generate_key(256).as_dict(private=True),
        KEYS[Algorithm.ES256].key.as_dict(private=True),
        ECKey.generate_key("P-384").as_dict(private=False),
        OKPKey.generate_key("X25519").as_dict(private=False),
        {"kty": "RSA", "n": "v" * 171, "e": "AQAB"},
        {"kty": "RSA", "n": "v" * 1371, "e": "AQAB"},
        {"kty": "RSA", "n": 1, "e": "AQAB"},
        {**ES256_JWK, "use": "enc"},
        {**ES256_JWK, "alg": "RS256"},
        {**ES256_JWK, "key_ops": ["encrypt"]},
        {**ES256_JWK, "kid": 1},
        {**ES256_JWK, "kid": ""},
        {**ES256_JWK, "x": "AAAA"},
        {"kty": "EC", "crv": "P-256"},
        {"kty": "EC", "crv": ["P-256"]},
        {},
    ],
)
def test_a_key_that_is_not_fit_is_refused(jwk: dict[str, Any]) -> None:
    with pytest.raises(JoseRefused):
        read_public_key(jwk)


def test_a_set_holds_what_is_fit_and_refuses_what_betrays_its_owner() -> None:
    other = {**RSAKey.generate_key(2048).as_dict(private=False), "use": "enc", "alg": "RSA-OAEP"}
    rs256 = {**RSAKey.generate_key(2048).as_dict(private=False), "alg": "RS256"}
    [key] = read_public_keys({"keys": [other, rs256, {"kty": "new"}, ES256_JWK]})
    assert key.algorithm is Algorithm.ES256
    private = KEYS[Algorithm.EDDSA].key.as_dict(private=True)
    twice = [{**ES256_JWK, "kid": "a"}, {**ED25519_JWK, "kid": "a"}]
    for keys in ([private], twice, [ES256_JWK] * 21, ["text"], "text"):
        with pytest.raises(JoseRefused):
            read_public_keys({"keys": keys})
    with pytest.raises(JoseRefused):
        read_public_keys({})


@pytest.mark.parametrize("algorithm", Algorithm)
def test_a_private_key_is_the_same_after_it_was_written(algorithm: Algorithm) -> None:
    read = PrivateKey.read("one", algorithm, KEYS[algorithm].write())
    token = read_token(read.sign({"b": "é"}, typ="at+jwt"))
    assert verify(token, [KEYS[algorithm].public_key()]).claims == {"b": "é"}
    assert token.header == {"alg": algorithm.value, "typ": "at+jwt", "kid": "one"}
    published = KEYS[algorithm].public_jwk()
    assert not {"d", "p", "q"} & set(published)
