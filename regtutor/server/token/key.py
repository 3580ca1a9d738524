"""The key of a token server: it signs tokens, and the registry verifies them with its certificate.

Needs pyjwt and cryptography (``regtutor[auth]``).

Source: CNCF Distribution 2.8.3, "Docker Registry v2 Bearer token specification"
<https://github.com/distribution/distribution/blob/v2.8.3/docs/spec/auth/jwt.md>; RFC 7519, JSON Web Token
<https://www.rfc-editor.org/rfc/rfc7519.html>.
"""

from __future__ import annotations

import base64
import datetime
import hashlib
from collections.abc import Mapping
from typing import Any

from regtutor.errors import ServerError

ALGORITHM = "ES256"
_DAYS = 3650

_REASONS = (
    ("ExpiredSignatureError", "a token that has expired"),
    ("ImmatureSignatureError", "a token that is not valid yet"),
    ("InvalidAudienceError", "a token for another service"),
    ("InvalidIssuerError", "a token of another issuer"),
    ("InvalidSignatureError", "a token whose signature does not fit"),
    ("MissingRequiredClaimError", "a token without a required claim"),
    ("InvalidAlgorithmError", "a token with another signature algorithm"),
)


class InvalidToken(ValueError):
    """A token that the registry does not accept; its argument says why, without the token."""


class SigningKey:
    """An ECDSA key on P-256 with a certificate that it signed itself.

    Attributes
    ----------
    certificate: PEM; what Distribution's ``rootcertbundle`` is given.
    key_id: the fingerprint that Distribution 2 looks for in ``kid``: libtrust's, of the public key.

    Raises
    ------
    ServerError: if pyjwt or cryptography is not installed.
    """

    def __init__(self) -> None:
        try:
            import jwt
            from cryptography.hazmat.primitives.asymmetric import ec
        except ImportError as error:
            raise ServerError(
                "A registry that asks for tokens needs pyjwt and cryptography",
                f"{error.name} is not installed",
                "Run pip install 'regtutor[auth]'",
            ) from error
        self._jwt = jwt
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.certificate, self._x5c, self.key_id = _certified(self._key)

    def sign(self, claims: Mapping[str, Any]) -> str:
        """The signed token with these claims; its header has the certificate (``x5c``) and the key's id (``kid``)."""
        headers = {"kid": self.key_id, "x5c": [self._x5c]}
        return self._jwt.encode(dict(claims), self._key, algorithm=ALGORITHM, headers=headers)

    def claims(self, token: str, *, issuer: str, audience: str) -> dict[str, Any]:
        """The claims of ``token``, once its signature, issuer, audience and times are verified.

        Raises
        ------
        InvalidToken: if one of them is wrong.
        """
        try:
            found: dict[str, Any] = self._jwt.decode(
                token,
                self._key.public_key(),
                algorithms=[ALGORITHM],
                issuer=issuer,
                audience=audience,
                options={"require": ["exp", "nbf", "iss", "aud"]},
            )
        except (self._jwt.PyJWTError, ValueError) as error:
            kind = type(error).__name__
            raise InvalidToken(dict(_REASONS).get(kind, "a malformed token")) from None
        return found


def _certified(key: Any) -> tuple[bytes, str, str]:
    """The certificate of ``key`` as PEM and as an entry of ``x5c``, and libtrust's id of the key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "regtutor's token server")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    x5c = base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()
    return certificate.public_bytes(Encoding.PEM), x5c, libtrust_id(public)


def libtrust_id(public_key: bytes) -> str:
    """libtrust's id of a public key (DER): 240 bits of its SHA-256 in base32, in groups of four with colons."""
    text = base64.b32encode(hashlib.sha256(public_key).digest()[:30]).decode()
    return ":".join(text[at : at + 4] for at in range(0, len(text), 4))
