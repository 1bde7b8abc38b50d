"""The setting that names a key store: every form, and what is told about each mistake."""

from pathlib import Path

import pytest

from bezant.vault.keystores import FilePassphrase, KeyringPassphrase, KeyStoreUnusable, read_choice
from bezant.vault.keystores.choice import KmsPlace, LocalPlace, Pkcs11Place, TransitPlace
from bezant.vault.keystores.passphrases import SharesPassphrase

DATA = Path("/data")
STORE = Path("/k/store.json")


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        (
            "local",
            LocalPlace(
                DATA / "keystore/keystore.json", FilePassphrase(DATA / "keystore/passphrase")
            ),
        ),
        (
            "local:?passphrase_file=/etc/p",
            LocalPlace(DATA / "keystore/keystore.json", FilePassphrase(Path("/etc/p"))),
        ),
        (
            "local:/k/store.json?passphrase_file=/etc/a%20file",
            LocalPlace(STORE, FilePassphrase(Path("/etc/a file"))),
        ),
        ("local:/k/store.json?keyring=bezant", LocalPlace(STORE, KeyringPassphrase("bezant"))),
        (
            "local:/k/store.json?shares=/run/shares",
            LocalPlace(STORE, SharesPassphrase(Path("/run/shares"))),
        ),
        (
            "pkcs11:token=My%20HSM;object=root?module-path=/m.so&pin-source=file:/etc/pin",
            Pkcs11Place(Path("/m.so"), "My HSM", "root", Path("/etc/pin")),
        ),
        (
            "pkcs11:token=T?module-path=/m.so&pin-source=/etc/pin",
            Pkcs11Place(Path("/m.so"), "T", "bezant-root", Path("/etc/pin")),
        ),
        (
            "transit:https://bao.example:8200/a/transit/root?token_file=/t&ca_file=/ca&namespace=n",
            TransitPlace(
                "https://bao.example:8200", "a/transit", "root", Path("/t"), Path("/ca"), "n"
            ),
        ),
        ("aws-kms:alias/root", KmsPlace("alias/root")),
        (
            "aws-kms:alias/root?region=eu-central-1&endpoint=https://kms.internal",
            KmsPlace("alias/root", "eu-central-1", "https://kms.internal"),
        ),
    ],
)
def test_a_form_names_its_key_store(text: str, choice: object) -> None:
    assert read_choice(text, DATA) == choice


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "begins with one of"),
        ("file:/k", "begins with one of"),
        ("local:/k/store.json", "names passphrase_file, keyring or shares"),
        ("local:/k?keyring=a&shares=b", "names one of"),
        ("local:/k?keyring=a&keyring=b", "each option once"),
        ("local:/k?keyring=", "each option once, with a value"),
        ("local:/k?keyring", "name=value"),
        ("local:/k?passphrase=hunter2", "names passphrase_file"),
        ("local:/k?keyring=a&cipher=none", "has no option cipher"),
        ("pkcs11:token=T?module-path=/m.so&pin-value=hunter2", "not the PIN"),
        ("pkcs11:token=T?pin-source=/p", "is token=LABEL"),
        ("pkcs11:token=T;slot-id=1?module-path=/m&pin-source=/p", "is token=LABEL"),
        ("transit:http://bao:8200/transit/root?token_file=/t", "is https://"),
        ("transit:https://me:hunter2@bao/transit/root?token_file=/t", "is https://"),
        ("transit:https://bao:nonsense/transit/root?token_file=/t", "is https://"),
        ("transit:https://bao/root?token_file=/t", "names an engine and a key"),
        ("transit:https://bao/transit/../root?token_file=/t", "names an engine and a key"),
        ("transit:https://bao/transit/root", "names a token_file"),
        ("transit:https://bao/transit/root?token_file=/t&token=hunter2", "has no option token"),
        ("aws-kms:root", "is alias/NAME"),
        ("aws-kms:alias/aws/s3", "is alias/NAME"),
        ("aws-kms:alias/root?endpoint=http://kms.internal", "endpoint with https"),
        ("aws-kms:alias/root?endpoint=http://[", "endpoint with https"),
        ("aws-kms:alias/root?secret_access_key=hunter2", "has no option secret_access_key"),
    ],
)
def test_a_mistake_is_told_without_quoting_a_value(text: str, rule: str) -> None:
    with pytest.raises(KeyStoreUnusable, match=rule) as refused:
        read_choice(text, DATA)
    assert "hunter2" not in str(refused.value)
    assert refused.value.remedy
