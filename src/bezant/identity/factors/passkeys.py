"""Passkeys (Web Authentication Level 3): what is asked of browsers, and whether answers hold.

User verification is always required, so that a passkey is two elements in one. Challenges are
tickets: durable, and of one use.
"""

import base64
import binascii
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
import webauthn
from msgspec import Struct
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.structs import (
    AttestationConveyancePreference,
    AuthenticatorSelectionCriteria,
    CredentialDeviceType,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from bezant.identity.factors.errors import ProofRefused

CREDENTIAL_CHARACTERS_MAX: Final = 16_384
TIMEOUT_MS: Final = 300_000

_ALGORITHMS: Final = [
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.EDDSA,
]


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """Whom passkeys are for.

    Attributes:
        origin: of the pages, such as `https://bank.example:8443`; compared whole.
        name: what browsers show.
    """

    origin: str
    name: str = "Bezant"

    @property
    def id(self) -> str:
        """The host, to whose origins alone authenticators answer."""
        return urlsplit(self.origin).hostname or ""


class _Response(Struct):
    client_data: str = msgspec.field(name="clientDataJSON")
    user_handle: str | None = msgspec.field(name="userHandle", default=None)


class _Credential(Struct):
    """What is looked at of a credential before it is known to be right."""

    id: str
    response: _Response


class _ClientData(Struct):
    type: str
    challenge: str
    origin: str
    is_cross_origin: bool = msgspec.field(name="crossOrigin", default=False)
    top_origin: str | None = msgspec.field(name="topOrigin", default=None)


class Claimed(Struct, frozen=True):
    """What a credential says of itself.

    Attributes:
        credential_id: which.
        challenge: the text that it answers.
        user_id: whose it was made for; None where the authenticator does not tell.
    """

    credential_id: bytes
    challenge: str
    user_id: UUID | None


class Enrolled(Struct, frozen=True):
    """A new passkey."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    is_backup_eligible: bool
    is_backed_up: bool


class Asserted(Struct, frozen=True):
    """What a right answer says of the authenticator now."""

    sign_count: int
    is_backup_eligible: bool
    is_backed_up: bool


def read(credential: str) -> Claimed:
    """What a credential claims, of which nothing is proven yet.

    Raises:
        ProofRefused: it is no credential, or was made within another site's page.
    """
    if len(credential) > CREDENTIAL_CHARACTERS_MAX:
        raise ProofRefused("It is too long for a credential.")
    try:
        claimed = msgspec.json.decode(credential, type=_Credential)
        data = msgspec.json.decode(_bytes(claimed.response.client_data), type=_ClientData)
        handle = claimed.response.user_handle
        user_id = UUID(bytes=_bytes(handle)) if handle else None
        credential_id = _bytes(claimed.id)
    except (msgspec.DecodeError, ValueError) as error:
        raise ProofRefused("It is not a credential.") from error
    if data.is_cross_origin or data.top_origin is not None:
        raise ProofRefused("It was made within another site's page.")
    return Claimed(credential_id, data.challenge, user_id)


def creation_options(
    party: RelyingParty,
    challenge: str,
    user_id: UUID,
    shown: tuple[str, str],
    excluded: list[bytes],
) -> str:
    """`PublicKeyCredentialCreationOptionsJSON`.

    Args:
        party: us.
        challenge: the ticket's text.
        user_id: becomes the credential's user handle.
        shown: login name and display name, for the authenticator's list.
        excluded: what the user has already.
    """
    options = webauthn.generate_registration_options(
        rp_id=party.id,
        rp_name=party.name,
        user_name=shown[0],
        user_display_name=shown[1],
        user_id=user_id.bytes,
        challenge=_bytes(challenge),
        timeout=TIMEOUT_MS,
        attestation=AttestationConveyancePreference.NONE,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            require_resident_key=True,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=each) for each in excluded],
        supported_pub_key_algs=_ALGORITHMS,
    )
    return webauthn.options_to_json(options)


def request_options(party: RelyingParty, challenge: str, allowed: list[bytes]) -> str:
    """`PublicKeyCredentialRequestOptionsJSON`; with nothing allowed, whatever is discoverable."""
    options = webauthn.generate_authentication_options(
        rp_id=party.id,
        challenge=_bytes(challenge),
        timeout=TIMEOUT_MS,
        allow_credentials=[PublicKeyCredentialDescriptor(id=each) for each in allowed],
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return webauthn.options_to_json(options)


def verify_creation(party: RelyingParty, credential: str, challenge: str) -> Enrolled:
    """What `navigator.credentials.create` made, if it answers the challenge.

    Raises:
        ProofRefused: it does not.
    """
    try:
        made = webauthn.verify_registration_response(
            credential=credential,
            expected_challenge=_bytes(challenge),
            expected_rp_id=party.id,
            expected_origin=party.origin,
            require_user_presence=True,
            require_user_verification=True,
            supported_pub_key_algs=_ALGORITHMS,
        )
    except Exception as error:
        raise ProofRefused("It does not answer what was asked.") from error
    return Enrolled(
        credential_id=made.credential_id,
        public_key=made.credential_public_key,
        sign_count=made.sign_count,
        is_backup_eligible=made.credential_device_type is CredentialDeviceType.MULTI_DEVICE,
        is_backed_up=made.credential_backed_up,
    )


def verify_assertion(
    party: RelyingParty, credential: str, challenge: str, public_key: bytes
) -> Asserted:
    """What `navigator.credentials.get` answers, if the key signed it for us.

    The counter is compared by the caller, in the transaction that stores it.

    Raises:
        ProofRefused: it is not right.
    """
    try:
        used = webauthn.verify_authentication_response(
            credential=credential,
            expected_challenge=_bytes(challenge),
            expected_rp_id=party.id,
            expected_origin=party.origin,
            credential_public_key=public_key,
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    except Exception as error:
        raise ProofRefused("It does not answer what was asked.") from error
    return Asserted(
        sign_count=used.new_sign_count,
        is_backup_eligible=used.credential_device_type is CredentialDeviceType.MULTI_DEVICE,
        is_backed_up=used.credential_backed_up,
    )


def _bytes(text: str) -> bytes:
    """Base64url without padding, and nothing else.

    Raises:
        ValueError: it is something else.
    """
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from error
