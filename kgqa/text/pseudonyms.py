"""Tokens that stand for personal data: `[PERSON:7f3a9c12ab34]`, the same for the same value in one collection.

A token is a keyed hash (HMAC-SHA256, 48 bits of it), so nobody without the key can try out values. It reads as a name:
keyword search, the gazetteer and the graph join on it as they would on the value.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from hashlib import sha256

from kgqa.text.names import normalise

TOKEN = re.compile(r"\[(?P<type>[A-Z][A-Z_]{1,30}):[0-9a-f]{12}\]")
#: types whose values are the same whatever stands between their digits
_NUMBERS = frozenset(("PHONE_NUMBER", "CREDIT_CARD", "US_SSN", "IBAN_CODE"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Pseudonyms:
    """Makes the tokens of one collection."""

    key: bytes
    collection: str

    @property
    def fingerprint(self) -> str:
        """Tells keys apart without saying them: part of the stage hash."""
        return self._digest("", "fingerprint")[:8]

    def token(self, value: str, type_: str) -> str:
        """The token of a value; case, accents and space make no difference, nor signs between digits.

        >>> names = Pseudonyms(key=b"k", collection="c")
        >>> names.token("Elena  RUIZ", "PERSON") == names.token("elena ruiz", "PERSON")
        True
        """
        folded = "".join(filter(str.isalnum, value.casefold())) if type_ in _NUMBERS else normalise(value)
        return f"[{type_}:{self._digest(type_, folded or value)[:12]}]"

    def _digest(self, type_: str, value: str) -> str:
        message = "\0".join((self.collection, type_, value))
        return hmac.new(self.key, message.encode(), sha256).hexdigest()


def tokens_in(text: str) -> list[str]:
    """Tokens in a text, each once, in order."""
    return list(dict.fromkeys(match[0] for match in TOKEN.finditer(text)))
