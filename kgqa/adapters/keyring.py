"""Keys of personal data: one makes tokens and stays, others encrypt values and may be rotated.

Values are encrypted with AES-256-GCM under a random nonce; collection and token are authenticated with them, so that a
ciphertext cannot be moved to another token. The first key encrypts, all of them decrypt.
"""

from __future__ import annotations

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kgqa.errors import ConfigurationError
from kgqa.model.pii import SealedValue

_KEY_BYTES = 32
_NONCE_BYTES = 12
_HOW = "write ID:KEY, or ID:KEY,OLDER_ID:OLDER_KEY; a KEY is 32 random bytes in URL-safe base64."


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyring:
    """`ingest.mask.Sealer`, and what opens values again."""

    #: by id; the first encrypts
    keys: Mapping[str, bytes]

    @classmethod
    def parse(cls, text: str) -> Keyring:
        """Of `ID:KEY,ID:KEY`. Raises ConfigurationError."""
        keys: dict[str, bytes] = {}
        for part in text.split(","):
            identity, _, key = part.strip().partition(":")
            try:
                keys[identity] = urlsafe_b64decode(key)
            except ValueError:
                raise ConfigurationError("A key in KGQA_PII__KEYS is not base64.", hint=_HOW) from None
            if not identity or len(keys[identity]) != _KEY_BYTES:
                raise ConfigurationError("A key in KGQA_PII__KEYS has no id or not 32 bytes.", hint=_HOW)
        return cls(keys=keys)

    @staticmethod
    def new_key() -> str:
        """A random key as settings write it."""
        return urlsafe_b64encode(os.urandom(_KEY_BYTES)).decode()

    def seal(self, collection: str, token: str, value: str) -> SealedValue:
        """Encrypt with the first key."""
        identity, key = next(iter(self.keys.items()))
        nonce = os.urandom(_NONCE_BYTES)
        ciphertext = nonce + AESGCM(key).encrypt(nonce, value.encode(), _bound(collection, token))
        return SealedValue(token=token, type=token[1:].partition(":")[0], key_id=identity, ciphertext=ciphertext)

    def open(self, collection: str, sealed: SealedValue) -> str:
        """The value. Raises ConfigurationError when the key is missing or is not the one that it was encrypted with."""
        key = self.keys.get(sealed.key_id)
        if key is None:
            raise ConfigurationError(
                f"The key {sealed.key_id!r} of masked values is not configured.", hint="add it to KGQA_PII__KEYS."
            )
        nonce, ciphertext = sealed.ciphertext[:_NONCE_BYTES], sealed.ciphertext[_NONCE_BYTES:]
        try:
            return AESGCM(key).decrypt(nonce, ciphertext, _bound(collection, sealed.token)).decode()
        except InvalidTag:
            raise ConfigurationError(
                f"The key {sealed.key_id!r} does not open the masked value {sealed.token}.",
                hint="is KGQA_PII__KEYS the one that these documents were ingested with?",
            ) from None


def _bound(collection: str, token: str) -> bytes:
    return f"{collection}\0{token}".encode()
