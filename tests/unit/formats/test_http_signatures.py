"""HTTP message signatures: what a verifier insists on, and digests of bodies."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bezant.formats.http_signatures import (
    Algorithm,
    Component,
    DigestCheck,
    Message,
    Parameters,
    PublicKey,
    SignatureRefused,
    Verified,
    algorithm_of,
    content_digest,
    is_digest_of,
    sign,
    tagged,
    verify,
)

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
KEY = Ed25519PrivateKey.generate()
DIGEST, METHOD = Component("content-digest"), Component("@method")
FIELDS = {"content-digest": [content_digest(b"{}")], "x-twice": [" a ", "b"]}
PARAMETERS = Parameters(NOW, "key")


def request(**fields: str) -> Message:
    more = {name.replace("_", "-"): [value] for name, value in fields.items()}
    return Message({**FIELDS, **more}, method="POST", url="https://Bank.example:443/a?b=c%20d&e&e")


def signed(*components: Component, parameters: Parameters = PARAMETERS) -> tuple[str, str]:
    return sign(request(), components, parameters, KEY)


def key_of(key_id: str) -> PublicKey | None:
    return KEY.public_key() if key_id == "key" else None


def check(
    covered: str, signature: str, *, required: tuple[Component, ...] = (), **fields: str
) -> Verified:
    message = request(signature_input=covered, signature=signature, **fields)
    return verify(message, "sig", key_of, required=required, now=NOW, age_max=timedelta(seconds=60))


def test_a_signature_covers_what_is_required_or_is_refused() -> None:
    made = signed(METHOD, DIGEST)
    assert check(*made, required=(DIGEST, METHOD)).components == (METHOD, DIGEST)
    with pytest.raises(SignatureRefused, match="cover"):
        check(*signed(METHOD), required=(DIGEST,))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("@authority", "bank.example"),
        ("@path", "/a"),
        ("@query", "?b=c%20d&e&e"),
        ("x-twice", "a, b"),
        ("@scheme", "https"),
        ("@target-uri", "https://Bank.example:443/a?b=c%20d&e&e"),
    ],
)
def test_components_are_read_as_the_rfc_has_them(name: str, value: str) -> None:
    assert request().value(Component(name)) == value
    assert check(*signed(Component(name))).components == (Component(name),)


def test_a_parameter_of_the_query_is_covered_if_it_is_there_once() -> None:
    once, twice = (Component("@query-param", name) for name in ("b", "e"))
    assert request().value(once) == "c%20d"
    assert check(*signed(once)).components == (once,)
    with pytest.raises(SignatureRefused, match="no usable"):
        signed(twice)


@pytest.mark.parametrize("component", [Component("x-none"), Component("@status"), Component("@x")])
def test_what_is_not_there_cannot_be_covered(component: Component) -> None:
    with pytest.raises(SignatureRefused, match="no usable"):
        signed(component)


@pytest.mark.parametrize(
    ("age_s", "is_good"), [(0, True), (60, True), (61, False), (-8, True), (-9, False)]
)
def test_a_signature_is_good_for_a_while(age_s: int, is_good: bool) -> None:  # noqa: FBT001 - a case
    made = signed(METHOD, parameters=Parameters(NOW - timedelta(seconds=age_s), "key"))
    if is_good:
        assert check(*made).parameters.key_id == "key"
        return
    with pytest.raises(SignatureRefused, match="too old"):
        check(*made)


def test_one_that_expires_says_so_itself() -> None:
    later = Parameters(NOW, "key", "once", "bank", NOW + timedelta(seconds=1))
    assert check(*signed(METHOD, parameters=later)).parameters == later
    with pytest.raises(SignatureRefused, match="expired"):
        check(*signed(METHOD, parameters=Parameters(NOW, "key", expires=NOW)))


def test_the_key_decides_on_the_algorithm_not_the_message() -> None:
    covered, signature = signed(METHOD)
    assert check(covered, signature).components == (METHOD,)
    for algorithm in ("hmac-sha256", "rsa-v1_5-sha256", "none", Algorithm.ECDSA_P256_SHA256):
        with pytest.raises(SignatureRefused, match="no key"):
            check(f'{covered};alg="{algorithm}"', signature)
    # The right one is taken, but this signature was made without saying it.
    with pytest.raises(SignatureRefused, match="not valid"):
        check(f'{covered};alg="ed25519"', signature)
    with pytest.raises(SignatureRefused, match="no key"):
        check(covered.replace('keyid="key"', 'keyid="other"'), signature)


@pytest.mark.parametrize(
    "covered",
    [
        "",
        "sig",
        "sig=",
        "sig=()",
        "sig=();created=1",
        'sig=();keyid="key"',
        "other=();created=1",
        'sig=();created="1";keyid="key"',
        "sig=();created=1;keyid=1",
        'sig=();created=1;created=1;keyid="key"',
        'sig=("@method" "@method");created=1795867200;keyid="key"',
        'sig=("@method"  "@path");created=1795867200;keyid="key"',
        'sig=("x-twice";sf);created=1795867200;keyid="key"',
        'sig=("@method";req);created=1795867200;keyid="key"',
        'sig=("@method");created=1795867200;keyid="key";more="1"',
        'sig=("@method");created=999999999999999;keyid="key"',
        'sig=();created=1795867200;keyid="key", sig=();created=1795867200;keyid="key"',
    ],
)
def test_what_is_not_understood_is_refused(covered: str) -> None:
    _, signature = signed(METHOD)
    with pytest.raises(SignatureRefused):
        check(covered, signature)


def test_only_keys_that_sign_soundly_have_an_algorithm() -> None:
    assert algorithm_of(KEY) is Algorithm.ED25519
    assert algorithm_of(ec.generate_private_key(ec.SECP256R1())) is Algorithm.ECDSA_P256_SHA256
    assert algorithm_of(rsa.generate_private_key(65537, 2048)) is Algorithm.RSA_PSS_SHA512
    for weak in (ec.generate_private_key(ec.SECP384R1()), rsa.generate_private_key(65537, 1024)):
        with pytest.raises(ValueError, match="no kind"):
            algorithm_of(weak)


def test_a_digest_is_of_one_body() -> None:
    digest = content_digest(b"{}")
    assert is_digest_of(digest, b"{}")
    assert is_digest_of(f"md5=:AAAA:, {digest}", b"{}")
    for field in ("", "md5=:AAAA:", "sha-256=:AAAA:", f"{digest}, sha-512=:AAAA:", "sha-256=AAAA"):
        assert not is_digest_of(field, b"{}"), field
    assert not is_digest_of(digest, b"{ }")


def test_a_digest_is_compared_while_the_body_arrives() -> None:
    check = DigestCheck(content_digest(b"one two"))
    check.update(b"one ")
    assert not check.is_right()
    check.update(b"two")
    assert check.is_right()


def test_an_answer_is_bound_to_what_was_asked() -> None:
    asked = Message({"authorization": ["DPoP a"]}, "GET", "https://a.test/x?y=1")
    components = [Component("@target-uri", of_request=True), Component("@status")]
    components.append(Component("authorization", of_request=True))
    answer = Message(status=200, request=asked)
    covered, signature = sign(answer, components, Parameters(NOW, "key", tag="answer"), KEY)
    assert '"@target-uri";req "@status" "authorization";req' in covered
    fields = {"signature-input": [covered], "signature": [signature]}

    def proven(of: Message | None) -> Verified:
        return verify(
            Message(fields, status=200, request=of),
            "sig",
            lambda _: KEY.public_key(),
            required=components,
            now=NOW,
            age_max=timedelta(seconds=1),
        )

    assert proven(asked).components == tuple(components)
    for other in (replace(asked, url="https://a.test/x?y=2"), replace(asked, fields={}), None):
        with pytest.raises(SignatureRefused):
            proven(other)


def test_signatures_are_found_by_what_they_are_for() -> None:
    covered, _ = signed(METHOD, parameters=Parameters(NOW, "key", tag="ours"))
    theirs = 'theirs=("x";sf);created="a";tag="theirs"'
    message = Message({"signature-input": [f"{covered}, {theirs}"]})
    assert list(tagged(message, "ours")) == ["sig"]
    assert tagged(message, "nobody's") == {}
    with pytest.raises(SignatureRefused):
        tagged(message, "theirs")
