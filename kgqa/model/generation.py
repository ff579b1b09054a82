"""Generations of the index: everything that follows from the documents, made by one encoder, read by one request."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class GenerationState(StrEnum):
    """What a generation is for."""

    #: made beside the active one; nobody asks it
    BUILDING = "building"
    #: requests read it, and changes go to it
    ACTIVE = "active"
    #: was active; kept for the way back
    RETIRED = "retired"
    #: holds nothing any more
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """One generation of the index."""

    id: int
    state: GenerationState
    #: name and version of the encoder of its vectors; empty: nothing was embedded yet
    model: str = ""
    #: the encoder as KGQA_MODELS__ENCODER names it; empty: not known
    encoder: str = ""
    dimensions: int = 0
    #: documents that it has
    documents: int = 0
    #: documents that the active generation has and this one has not, as they are now
    behind: int = 0
