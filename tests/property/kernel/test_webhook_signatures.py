"""Signatures are those of the Standard Webhooks specification."""

import json
from base64 import b64decode
from datetime import UTC, datetime

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from bezant.kernel.webhooks.signing import Ed25519Key, HmacKey, read_key, signed_headers

SECRETS = st.binary(min_size=24, max_size=64)
SEEDS = st.binary(min_size=32, max_size=32)
BODIES = st.dictionaries(st.text(), st.integers() | st.text()).map(
    lambda it: json.dumps(it).encode()
)
NAME = "msg_2kwpbgllafxdpx2ai54ppj85f4w"


@given(SECRETS, SECRETS, BODIES)
def test_the_specifications_own_library_verifies_with_the_old_key_and_with_the_new_one(
    old: bytes, new: bytes, body: bytes
) -> None:
    keys = [HmacKey(old), HmacKey(new)]
    headers = signed_headers(NAME, datetime.now(UTC), body, keys)
    for key in keys:
        assert Webhook(key.write()).verify(body, dict(headers)) == json.loads(body)


@given(SECRETS, BODIES, st.integers(min_value=0))
def test_the_specifications_own_library_sees_any_change(
    secret: bytes, body: bytes, place: int
) -> None:
    headers = signed_headers(NAME, datetime.now(UTC), body, [HmacKey(secret)])
    verifier = Webhook(HmacKey(secret).write())
    changed = bytearray(body)
    changed[place % len(body)] ^= 1
    with pytest.raises(WebhookVerificationError):
        verifier.verify(changed.decode("latin-1"), dict(headers))
    with pytest.raises(WebhookVerificationError):
        verifier.verify(body, {**headers, "webhook-id": NAME + "0"})


def test_the_example_of_the_library_is_met() -> None:
    # `v1` of the specification's libraries' own tests: another implementation's bytes.
    key = read_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    at = datetime.fromtimestamp(1614265330, UTC)
    headers = signed_headers("msg_p5jXN8AQM9LWM0D4loKWxJek", at, b'{"test": 2432232314}', [key])
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@given(SEEDS, BODIES)
def test_an_ed25519_signature_verifies_with_the_public_key_alone(seed: bytes, body: bytes) -> None:
    key = Ed25519Key(seed)
    assert key.public.startswith("whpk_")
    public = Ed25519PublicKey.from_public_bytes(b64decode(key.public.removeprefix("whpk_")))
    headers = signed_headers(NAME, datetime.fromtimestamp(1, UTC), body, [key])
    version, _, signature = headers["webhook-signature"].partition(",")
    assert version == "v1a"
    public.verify(b64decode(signature), f"{NAME}.1.".encode() + body)
    with pytest.raises(InvalidSignature):
        public.verify(b64decode(signature), f"{NAME}.2.".encode() + body)


@given(SECRETS | SEEDS.map(lambda seed: seed), st.booleans())
def test_a_key_that_was_written_is_read_back(secret: bytes, is_symmetric: bool) -> None:  # noqa: FBT001 - drawn
    key = HmacKey(secret) if is_symmetric else Ed25519Key(secret[:24].ljust(32, b"\0"))
    again = read_key(key.write())
    assert (again.write(), again.public) == (key.write(), key.public)
    assert again.sign(b"content") == key.sign(b"content")


@pytest.mark.parametrize(
    "text",
    ["", "whsec_", "whsec_AAAA", "whsk_AAAA", "whpk_AAAA", "whsec_" + "A" * 100, "whsec_!!!!",
     "whsk_" + "A" * 86 + "==", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
)  # fmt: skip
def test_what_is_no_key_is_refused_without_being_quoted(text: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - its text is looked at
        read_key(text)
    assert text[6:] not in str(refused.value) or len(text) <= 6


def test_a_key_shows_nothing_of_itself() -> None:
    for key in (HmacKey(bytes(range(32))), Ed25519Key(bytes(range(32)))):
        assert repr(key) == str(key) == "[redacted]"
