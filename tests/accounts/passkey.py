"""A passkey as a browser would have made it, for rows that only have to be there."""

from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import (
    Aaguid,
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
    CollectedClientData,
)

CREDENTIAL_ID = b"a credential's id"


def passkey_data(name: str) -> dict[str, Any]:
    """What django-allauth keeps of a passkey."""
    key = ES256.from_cryptography_key(ec.generate_private_key(ec.SECP256R1()).public_key())
    flags = AuthenticatorData.FLAG.UP | AuthenticatorData.FLAG.UV | AuthenticatorData.FLAG.AT
    device = AuthenticatorData.create(
        sha256(b"testserver").digest(),
        flags,
        0,
        AttestedCredentialData.create(Aaguid.NONE, CREDENTIAL_ID, key),
    )
    client = CollectedClientData.create("webauthn.create", b"challenge", "https://testserver")
    response = {
        "clientDataJSON": websafe_encode(client),
        "attestationObject": websafe_encode(AttestationObject.create("none", device, {})),
    }
    number = websafe_encode(CREDENTIAL_ID)
    return {
        "name": name,
        "credential": {"id": number, "rawId": number, "type": "public-key", "response": response},
    }
