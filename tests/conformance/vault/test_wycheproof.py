"""Project Wycheproof's cases: what is valid is taken, what is not is refused, none is left out."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from bezant.vault.tokens.ff1 import CHARACTERS_MIN
from conformance.vault import primitives
from conformance.vault.primitives import Case, Group

FOLDER: Final = "vault/wycheproof"


@dataclass(frozen=True)
class Run:
    """A file that is run.

    Attributes:
        count: of its cases.
        holds: whether a case's claim holds.
        output: the field that is altered to see a valid case refused.
        declined: valid cases that we refuse nevertheless, each kind of them with its reason.
        declined_count: of those.
    """

    count: int
    holds: Callable[[Group, Case], bool]
    output: str
    declined: Callable[[Group, Case], bool] = lambda _group, _case: False
    declined_count: int = 0


def is_odd_nonce(group: Group, _case: Case) -> bool:
    """Nonces of fewer than 64 and more than 1,024 bits: the library takes none, and ours have 96.

    NIST SP 800-38D allows them, but short ones repeat soon, and with any length but 96 bits the
    counter is a hash that may collide.
    """
    return not 64 <= group["ivSize"] <= 1_024


def is_short_message(_group: Group, case: Case) -> bool:
    """Below a million possible values: what revision 1 of NIST SP 800-38G took out of FF1."""
    return len(case["msg"]) < CHARACTERS_MIN


RUNS: Final = {
    # The seal of every value; 128 and 192 bits are the library's alone.
    "aes_gcm_test.json": Run(316, primitives.aes_gcm, "tag", is_odd_nonce, 27),
    # CKM_AES_KEY_WRAP_KWP of PKCS#11, in software.
    "aes_kwp_test.json": Run(254, primitives.aes_kwp, "ct"),
    # Fingerprints, blind indexes, fingerprints of requests; cookies and cache entries.
    "hmac_sha256_test.json": Run(174, primitives.hmac_tag, "tag"),
    # Keys that are derived from keys.
    "hkdf_sha256_test.json": Run(86, primitives.hkdf, "okm"),
    # Tokens of what is never erased.
    "aes_ff1_base10_test.json": Run(3_845, primitives.ff1_text, "ct", is_short_message, 12),
    "aes_ff1_radix10_test.json": Run(3_845, primitives.ff1_digits, "ct", is_short_message, 12),
    # Checkpoints of the ledger, webhooks.
    "ed25519_test.json": Run(151, primitives.ed25519, "sig"),
    # Certificates of the development CA.
    "ecdsa_secp256r1_sha256_test.json": Run(484, primitives.ecdsa_p256, "sig"),
}

NOT_RUN: Final = {
    "aes_gcm_siv_test.json": "nothing is sealed by AES-GCM-SIV: nonces are random, keys rotate",
    "aes_siv_cmac_test.json": "nothing is sealed the same twice: equality is looked up by HMAC",
    "ecdsa_secp256k1_sha256_bitcoin_test.json": "no signature on Bitcoin's curve is made or read",
    "pbkdf2_hmacsha256_test.json": "passphrases become keys by Argon2id; SCRAM of the database is"
    " computed by PostgreSQL and its driver",
    "rsa_oaep_2048_sha256_mgf1sha256_test.json": "no key is transported under RSA",
}
"""Why, by file."""


def cases(document: dict[str, Any]) -> Iterator[tuple[Group, Case]]:
    """Every case with the group that it is in."""
    for group in document["testGroups"]:
        for case in group["tests"]:
            yield group, case


def read(vectors: Path, name: str) -> dict[str, Any]:
    """A file."""
    document: dict[str, Any] = json.loads((vectors / FOLDER / name).read_text(encoding="utf-8"))
    return document


def test_every_file_is_run_or_has_a_reason(vectors: Path) -> None:
    assert {path.name for path in (vectors / FOLDER).iterdir()} == {*RUNS, *NOT_RUN}
    assert not {*RUNS} & {*NOT_RUN}


@pytest.mark.parametrize("name", RUNS)
def test_every_case_of_a_file_comes_out_as_it_should(vectors: Path, name: str) -> None:
    run, document = RUNS[name], read(vectors, name)
    seen, declined, wrong = 0, 0, []
    for group, case in cases(document):
        # A third result is `acceptable`. No case of these files has it: one would be decided on.
        assert case["result"] in {"valid", "invalid"}
        seen += 1
        is_declined = case["result"] == "valid" and run.declined(group, case)
        declined += is_declined
        if run.holds(group, case) != (case["result"] == "valid" and not is_declined):
            wrong.append((case["tcId"], case["comment"], case["flags"]))
    assert wrong == []
    assert seen == document["numberOfTests"] == run.count
    assert declined == run.declined_count


@pytest.mark.parametrize("name", RUNS)
def test_no_valid_case_survives_a_change_of_what_it_expects(vectors: Path, name: str) -> None:
    run, tried = RUNS[name], 0
    for group, case in cases(read(vectors, name)):
        if case["result"] == "valid" and run.holds(group, case):
            assert not run.holds(group, {**case, run.output: altered(case[run.output])})
            tried += 1
    assert tried > 0


def altered(value: str | list[int]) -> str | list[int]:
    """With another last digit."""
    if isinstance(value, str):
        return value[:-1] + ("1" if value[-1] == "0" else "0")
    return [*value[:-1], 1 - min(value[-1], 1)]
