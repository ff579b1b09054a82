"""Personal data: where it stands in a text, and what a collection does about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class PiiPolicy(StrEnum):
    """What ingest does with personal data of a collection."""

    #: nothing is looked for
    OFF = "off"
    #: what is found is counted, by type, in the document's metadata
    FLAG = "flag"
    #: what is found is replaced by tokens before anything is derived from the text
    MASK = "mask"


@dataclass(frozen=True, slots=True, kw_only=True)
class PiiRules:
    """What a collection does about personal data, and who may see through its tokens."""

    policy: PiiPolicy = PiiPolicy.OFF
    #: principals that may see masked values, in texts that they may read
    readers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedValue:
    """A masked value, encrypted: only a key opens it, and only under its collection and token."""

    #: what stands for it in texts, such as `[PERSON:7f3a9c12ab34]`
    token: str
    type: str
    #: which key
    key_id: str
    #: nonce, then what the cipher gave
    ciphertext: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class PiiSpan:
    """Personal data in a text."""

    start: int
    end: int
    #: `PERSON`, `EMAIL_ADDRESS`, `PHONE_NUMBER`, ...
    type: str
