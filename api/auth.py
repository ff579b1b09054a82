"""Who asks: development tokens, signed with a key that only the API knows.

    Authorization: Bearer v1.PAYLOAD.SIGNATURE        (`python -m api token user:ivy` makes one)

PAYLOAD is JSON with `sub` and `exp`, SIGNATURE its HMAC-SHA256, both in base64url. No header means `public`; a header
that does not hold is refused, never downgraded. Production identities replace this module, not its callers.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import re
from datetime import datetime, timedelta

from kgqa.embedded.home import Home
from kgqa.model.document import PUBLIC
from kgqa.settings import Settings

LIFETIME = timedelta(days=30)
_SUBJECT = re.compile(r"user:[\w.@+-]{1,100}")
_MOST_CHARACTERS = 1_000


class Unauthenticated(Exception):
    """A token that does not hold. Says nothing about why."""


def make_token(subject: str, secret: str, expires: datetime) -> str:
    """A token for `user:NAME`. Raises ValueError for any other subject."""
    if not _SUBJECT.fullmatch(subject):
        raise ValueError(f"{subject!r} is not user:NAME")
    payload = json.dumps({"sub": subject, "exp": int(expires.timestamp())}, separators=(",", ":")).encode()
    return f"v1.{_encode(payload)}.{_encode(_signature(payload, secret))}"


def subject_of(header: str | None, secret: str, now: datetime) -> str:
    """The subject that an Authorization header proves; `public` without one. Raises Unauthenticated."""
    if header is None:
        return PUBLIC
    scheme, _, token = header.partition(" ")
    version, _, rest = token.strip().partition(".")
    encoded, _, signature = rest.partition(".")
    if scheme.lower() != "bearer" or version != "v1" or len(token) > _MOST_CHARACTERS:
        raise Unauthenticated
    try:
        payload = _decode(encoded)
        if not hmac.compare_digest(_decode(signature), _signature(payload, secret)):
            raise Unauthenticated
    except (binascii.Error, ValueError):
        raise Unauthenticated from None
    claims = json.loads(payload)  # ours: the signature holds
    if claims["exp"] <= now.timestamp():
        raise Unauthenticated
    return str(claims["sub"])


def token_secret(settings: Settings) -> str:
    """The key that signs: the configured one, else one made once and kept, readable by its owner alone."""
    configured = settings.api.token_secret.get_secret_value()
    if configured:
        return configured
    home = Home(settings.home)
    home.make()
    return home.secret("api-token")


def _signature(payload: bytes, secret: str) -> bytes:
    return hmac.digest(secret.encode(), b"kgqa-token-v1:" + payload, "sha256")


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.b64decode(text.encode() + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
