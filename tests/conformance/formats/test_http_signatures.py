"""The keys and signatures of RFC 9421, appendix B, verified and made again."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from bezant.formats.http_signatures import (
    Component,
    Message,
    Parameters,
    PrivateKey,
    PublicKey,
    SignatureRefused,
    is_digest_of,
    sign,
    verify,
)

CREATED: Final = datetime.fromtimestamp(1618884473, UTC)
BODY: Final = b'{"hello": "world"}'
ANSWER: Final = b'{"message": "good dog"}'

REQUEST: Final = {
    "host": ["example.com"],
    "date": ["Tue, 20 Apr 2021 02:07:55 GMT"],
    "content-type": ["application/json"],
    "content-digest": [
        (
            "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX"
            "+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:"
        )
    ],
    "content-length": ["18"],
}
RESPONSE: Final = {
    "date": ["Tue, 20 Apr 2021 02:07:56 GMT"],
    "content-type": ["application/json"],
    "content-digest": [
        (
            "sha-512=:mEWXIS7MaLRuGgxOBdODa3xqM1XdEvxoYhvlCFJ4"
            "1QJgJc4GTsPp29l5oGX69wWdXymyU0rjJuahq4l5aGgfLQ==:"
        )
    ],
    "content-length": ["23"],
}

B22: Final = (
    (
        'sig-b22=("@authority" "content-digest" "@query-param";name="Pet")'
        ';created=1618884473;keyid="test-key-rsa-pss";tag="header-example"'
    ),
    (
        "sig-b22=:LjbtqUbfmvjj5C5kr1Ugj4PmLYvx9wVjZvD9GsTT4F7GrcQ"
        "EdJzgI9qHxICagShLRiLMlAJjtq6N4CDfKtjvuJyE5qH7KT8UCMkSowOB4+ECxCmT"
        "8rtAmj/0PIXxi0A0nxKyB09RNrCQibbUjsLS/2YyFYXEu4TRJQzRw1rLEuEfY17SA"
        "RYhpTlaqwZVtR8NV7+4UKkjqpcAoFqWFQh62s7Cl+H2fjBSpqfZUJcsIk4N6wiKYd"
        "4je2U/lankenQ99PZfB4jY3I5rSV2DSBVkSFsURIjYErOs0tFTQosMTAoxk//0RoK"
        "UqiYY8Bh0aaUEb0rQl3/XaVe4bXTugEjHSw==:"
    ),
)
B24: Final = (
    (
        'sig-b24=("@status" "content-type" "content-digest" "content-length")'
        ';created=1618884473;keyid="test-key-ecc-p256"'
    ),
    (
        "sig-b24=:wNmSUAhwb5LxtOtOpNa6W5xj067m5hFrj0XQ4fvpaCLx0NKocgPquLgyahnzDnDAUy5eCdlYUEkL"
        "Ij+32oiasw==:"
    ),
)
B26: Final = (
    (
        'sig-b26=("date" "@method" "@path" "@authority" "content-type" "content-length")'
        ';created=1618884473;keyid="test-key-ed25519"'
    ),
    (
        "sig-b26=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1"
        "u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==:"
    ),
)

Case = tuple[str, str, Message]
CASES: Final = [
    ("sig-b22", *B22, "request"),
    ("sig-b24", *B24, "response"),
    ("sig-b26", *B26, "request"),
]


def message(kind: str, *signature: str, **changed: str) -> Message:
    """The appendix's request or response, with a signature."""
    names = ("signature-input", "signature")
    signed = {name: [value] for name, value in zip(names, signature, strict=False)}
    changes = {name.replace("_", "-"): [value] for name, value in changed.items()}
    if kind == "response":
        return Message({**RESPONSE, **signed, **changes}, status=200)
    url = "https://example.com/foo?param=Value&Pet=dog"
    return Message({**REQUEST, **signed, **changes}, method="POST", url=url)


@pytest.fixture
def public(vectors: Path) -> Callable[[str], PublicKey | None]:
    """The appendix's keys, by their ids."""

    def find(key_id: str) -> PublicKey | None:
        file = vectors / "identity/rfc9421" / f"{key_id}.pem"
        key = load_pem_public_key(file.read_bytes()) if file.exists() else None
        assert key is None or isinstance(key, PublicKey)
        return key

    return find


@pytest.fixture
def private(vectors: Path) -> Callable[[str], PrivateKey]:
    def find(key_id: str) -> PrivateKey:
        file = vectors / "identity/rfc9421" / f"{key_id}.key"
        key = load_pem_private_key(file.read_bytes(), None)
        assert isinstance(key, PrivateKey)
        return key

    return find


def check(
    signed: Message, label: str, public: Callable[[str], PublicKey | None]
) -> tuple[Component, ...]:
    return verify(
        signed, label, public, required=(), now=CREATED, age_max=timedelta(seconds=60)
    ).components


@pytest.mark.parametrize(("label", "covered", "signature", "kind"), CASES)
def test_the_signatures_that_the_rfc_gives_are_valid(
    label: str, covered: str, signature: str, kind: str,
    public: Callable[[str], PublicKey | None],
) -> None:  # fmt: skip
    components = check(message(kind, covered, signature), label, public)
    assert f"{label}=({' '.join(map(str, components))});created" in covered


@pytest.mark.parametrize(("label", "covered", "signature", "kind"), CASES)
def test_they_are_not_once_anything_that_they_cover_is_another(
    label: str, covered: str, signature: str, kind: str,
    public: Callable[[str], PublicKey | None],
) -> None:  # fmt: skip
    for changed in (
        message(kind, covered, signature, content_digest="sha-256=::", content_length="1"),
        message(kind, covered.replace("1618884473", "1618884472"), signature),
        message(kind, covered, signature.replace("=:", "=:A", 1)),
        message(kind, covered, signature[:-5] + "AAAA:"),
        message(kind, covered),
    ):
        with pytest.raises(SignatureRefused):
            check(changed, label, public)
    # What they do not cover may be another.
    assert check(message(kind, covered, signature, host="elsewhere"), label, public)


def test_the_deterministic_one_is_made_again_bit_for_bit(
    private: Callable[[str], PrivateKey],
) -> None:
    names = ("date", "@method", "@path", "@authority", "content-type", "content-length")
    made = sign(
        message("request"), [Component(name) for name in names],
        Parameters(CREATED, "test-key-ed25519"), private("test-key-ed25519"), label="sig-b26",
    )  # fmt: skip
    assert made == B26


@pytest.mark.parametrize("key_id", ["test-key-ed25519", "test-key-ecc-p256", "test-key-rsa-pss"])
def test_what_is_signed_here_is_verified_here(
    key_id: str,
    private: Callable[[str], PrivateKey],
    public: Callable[[str], PublicKey | None],
) -> None:
    components = (Component("@method"), Component("@target-uri"), Component("content-digest"))
    made = sign(message("request"), components, Parameters(CREATED, key_id), private(key_id))
    assert check(message("request", *made), "sig", public) == components


def test_the_digests_that_the_rfc_gives_are_those_of_its_bodies() -> None:
    assert is_digest_of(REQUEST["content-digest"][0], BODY)
    assert is_digest_of(RESPONSE["content-digest"][0], ANSWER)
    assert not is_digest_of(REQUEST["content-digest"][0], ANSWER)
