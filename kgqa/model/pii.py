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
class PiiSpan:
    """Personal data in a text."""

    start: int
    end: int
    #: `PERSON`, `EMAIL_ADDRESS`, `PHONE_NUMBER`, ...
    type: str
