"""Names, mentions and claims: what the text of a chunk says about things."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

#: name types that are identifiers: exact strings found by pattern, never merged by likeness
IDENTIFIER = "IDENTIFIER"


class NameSource(StrEnum):
    """How a document came to contribute a name to the gazetteer."""

    NER = "ner"
    DICTIONARY = "dictionary"
    IDENTIFIER = "identifier"
    #: the document's title, its alternatives (with brackets, before the first comma) and its file name
    TITLE = "title"
    #: a heading above the chunk; ignored where it repeats over more than three documents
    HEADING = "heading"
    TABLE_KEY = "table_key"
    METADATA = "metadata"
    #: what the first sentence of a document without a title or heading is about; stands for its title
    SUBJECT = "subject"


@dataclass(frozen=True, slots=True, kw_only=True)
class NameSupport:
    """A reason for a name: the gazetteer of a class holds the names that documents seen by all its readers support."""

    #: normalised name (see `ingest.names.normalise`)
    norm: str
    #: as written
    surface: str
    #: PERSON, ORG, PRODUCT, ..., a dictionary type, or IDENTIFIER subtypes such as ERROR_CODE; `` where unknown
    type: str
    source: NameSource
    #: what tells this sense from homonyms, read from this document alone ("kestrel seals"); `` where nothing does
    signature: str = ""
    #: chunk that the support comes from; None where it is the whole document's (title, file name, metadata)
    chunk_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DictionaryMatch:
    """A span of a chunk that the domain dictionary knows; offsets are relative to the chunk."""

    start: int
    end: int
    type: str
    #: the entry's name where the match is one of its aliases; the matched text for patterns
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Equivalence:
    """A document says that two names are one thing ("Northline Castings GmbH (NLC)")."""

    left: str
    right: str
    chunk_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """A span of a chunk that names something, or (`is_title`) a name that the chunk stands under."""

    chunk_id: int
    #: offsets relative to the chunk; both 0 for title names
    start: int
    end: int
    norm: str
    type: str
    signature: str = ""
    is_title: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Subject, predicate, object, asserted by one sentence of one chunk."""

    chunk_id: int
    #: the sentence, relative to the chunk
    start: int
    end: int
    #: normalised names
    subject: str
    #: lemma of the verb with its particle or preposition ("replace", "manufacture by"), or a table's column name
    predicate: str
    object: str
