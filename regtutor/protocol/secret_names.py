"""The names of secrets: headers, query parameters, and fields of JSON and forms whose value no record may contain.

Names are compared without case and without ``-``, ``_``, ``.`` and spaces, so ``accessToken`` and ``access_token`` are
one name. A name that ends as :data:`ENDINGS` lists is a secret too, with the exceptions in :data:`PUBLIC`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Literal

Place = Literal["header", "query", "field"]

ENDINGS: tuple[str, ...] = (
    "token",
    "secret",
    "password",
    "passwd",
    "passphrase",
    "api-key",
    "access-key",
    "secret-key",
    "private-key",
    "subscription-key",
    "credential",
    "assertion",
    "jwt",
    "session-id",
)
"""A name that ends so, in the singular or the plural, is a secret in every place."""

_OAUTH = "RFC 6749, The OAuth 2.0 Authorization Framework, and RFC 7521 for assertions"
_ENGINE = "Docker Engine API, Authentication"
_SIGV4 = "AWS, Authenticating Requests: Using Query Parameters (Signature Version 4)"
_CLOUDFRONT = "Amazon CloudFront, Using signed URLs"
_AZURE = "Azure Storage, Create a service SAS"
_GOOGLE = "Google Cloud Storage, Signed URLs"
_TENCENT = "Tencent Cloud COS, Request Signature"
_ALIBABA = "Alibaba Cloud OSS, Add signatures to URLs"

HEADERS: Mapping[str, str] = {
    "authorization": "RFC 9110, 11.6.2",
    "proxy-authorization": "RFC 9110, 11.7.2",
    "cookie": "RFC 6265, 5.4",
    "set-cookie": "RFC 6265, 5.2",
    "x-registry-auth": _ENGINE,
    "x-registry-config": _ENGINE,
    "x-jfrog-art-api": "JFrog Artifactory REST API, Authentication",
    "x-functions-key": "Azure Functions, HTTP trigger",
    "x-goog-iap-jwt-assertion": "Google Cloud, Identity-Aware Proxy",
    "x-amz-signature": _SIGV4,
    "x-hub-signature": "GitHub, Validating webhook deliveries",
    "x-hub-signature-256": "GitHub, Validating webhook deliveries",
    "x-oss-signature": _ALIBABA,
}
"""Header -> the source that says it is a secret. Others end as :data:`ENDINGS` says, such as ``X-Vault-Token``."""

QUERY: Mapping[str, str] = {
    "sig": _AZURE,
    "signature": _CLOUDFRONT,
    "policy": _CLOUDFRONT,
    "x-amz-signature": _SIGV4,
    "x-goog-signature": _GOOGLE,
    "x-oss-signature": _ALIBABA,
    "x-obs-signature": "Huawei Cloud OBS, Authentication of Signature in a URL",
    "x-tos-signature": "Volcengine TOS, Signatures in URLs",
    "x-cos-signature": _TENCENT,
    "q-signature": _TENCENT,
    "sign": _TENCENT,
    "auth-key": "Alibaba Cloud CDN, URL signing",
    "verify": "Docker Hub redirects to its CDN with it",
    "hmac": "Akamai, Token Authentication",
    "hdnea": "Akamai, Token Authentication",
    "__gda__": "Akamai, Token Authentication",
    "hdnts": "Akamai, Token Authentication",
    "code": _OAUTH,
    "auth": "podman and docker write user and password under this name",
    "authorization": "Baidu AI Cloud BOS, Include a signature in a URL",
    "samlresponse": "OASIS SAML 2.0 Bindings, 3.4",
}
"""Query name -> the source. Distribution's ``_state`` is no credential, and is shown."""

FIELDS: Mapping[str, str] = {
    "auth": "podman, containers-auth.json",
    "authorization": _OAUTH,
    "registryauth": _ENGINE,
    "client-secret": _OAUTH,
    "secret-access-key": "AWS, Credentials",
}
"""Field of JSON or of a form -> the source."""

PUBLIC: Mapping[str, str] = {
    "next-token": "Amazon ECR: the next page of a list",
    "page-token": "Google: the next page of a list",
    "next-page-token": "Google: the next page of a list",
    "continuation-token": "Amazon S3: the next page of a list",
    "pagination-token": "the next page of a list",
    "start-token": "the next page of a list",
}
"""Names that end like that of a secret, although their values are public."""

_LONGEST = 100


def folded(name: str) -> str:
    """Return ``name`` as names are compared."""
    return name.lower().translate(_IGNORED)


_IGNORED = str.maketrans("", "", "-_. ")
_EXACT: Mapping[Place, frozenset[str]] = {
    "header": frozenset(map(folded, HEADERS)),
    "query": frozenset(map(folded, QUERY)),
    "field": frozenset(map(folded, FIELDS)),
}
_ENDS = tuple(map(folded, ENDINGS))
_PUBLIC = frozenset(map(folded, PUBLIC))


def is_secret(name: str, place: Place) -> bool:
    """Return whether the value of this name is a secret.

    Parameters
    ----------
    name: of a header, a query parameter or a field, decoded.
    place: where it is.
    """
    return _is_secret(name[-_LONGEST:], place)


@lru_cache(4096)
def _is_secret(name: str, place: Place) -> bool:
    key = folded(name)
    return key in _EXACT[place] or (key not in _PUBLIC and key.removesuffix("s").endswith(_ENDS))


def words() -> tuple[str, ...]:
    """Return regular expressions that find every name of a field, also as a part of a text: for a first search."""
    return tuple("[-_. ]?".join(name.split("-")) for name in (*ENDINGS, *FIELDS))
