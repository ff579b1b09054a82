"""Keyword terms: how text becomes the numbers that BM25 counts, for chunks and for questions alike.

A token is a run of two or more letters, digits and marks, case-folded, without the accents of Latin letters (so that
what a normalised name contains is a subset of what its text contains); runs of scripts that put no space between words
give pairs of characters. Stop words go, the rest is stemmed (Snowball). Tokens with a digit belong to no language, so
that `E-417` and `P200` match across languages.

A chunk stores tf / (tf + K1 * (1 - B + B * length / AVERAGE_TERMS)); the question brings the current idf. The average
is a constant so that no chunk depends on another (Robertson and Zaragoza, The Probabilistic Relevance Framework, 2009;
idf in the form of Lucene).
"""

from __future__ import annotations

import math
import re
import threading
import unicodedata
from collections import Counter
from collections.abc import Iterator
from functools import cache, lru_cache

import numpy as np
import Stemmer
import stop_words

from kgqa.model.delta import ChunkTerms
from kgqa.model.identity import stable_id
from kgqa.text.language import UNKNOWN
from kgqa.text.names import UNSPACED

ANALYSER_VERSION = "1"
K1 = 1.2
B = 0.75
#: assumed mean number of terms in a chunk
AVERAGE_TERMS = 100
#: dimensions of every sparse vector: the limit of pgvector
DIMENSIONS = 1_000_000_000
#: prime below the limit: term ids are in [0, TERM_MODULUS)
TERM_MODULUS = 999_999_937

#: the list of Lucene, which is also that of bm25s
ENGLISH_STOP_WORDS = frozenset((
    "a", "an", "and", "are", "as", "at", "be", "but", "by", "for", "if", "in", "into", "is", "it", "no", "not",
    "of", "on", "or", "such", "that", "the", "their", "then", "there", "these", "they", "this", "to", "was",
    "will", "with",
))  # fmt: skip
STEMMERS = {
    "ar": "arabic", "ca": "catalan", "cs": "czech", "da": "danish", "de": "german", "el": "greek", "en": "english",
    "eo": "esperanto", "es": "spanish", "et": "estonian", "eu": "basque", "fa": "persian", "fi": "finnish",
    "fr": "french", "ga": "irish", "hi": "hindi", "hu": "hungarian", "hy": "armenian", "id": "indonesian",
    "it": "italian", "lt": "lithuanian", "ne": "nepali", "nl": "dutch", "no": "norwegian", "pl": "polish",
    "pt": "portuguese", "ro": "romanian", "ru": "russian", "sr": "serbian", "sv": "swedish", "ta": "tamil",
    "tr": "turkish", "yi": "yiddish",
}  # fmt: skip

_local = threading.local()


def tokens(text: str) -> list[str]:
    """Tokens in order, stop words included.

    >>> tokens("The P200's seal-kit (E-417) at Tekezé")
    ['the', 'p200', 'seal', 'kit', '417', 'at', 'tekeze']
    """
    if text.isascii():
        return re.findall(r"[^\W_]{2,}", text.lower())
    pattern, unspaced = _patterns()
    found: list[str] = []
    for run in pattern.findall(_fold(text)):
        found.extend(_pairs(run) if unspaced.match(run) else [run])
    return found


def analyse(text: str, language: str) -> Counter[int]:
    """How often each term id occurs. `language` is ISO 639-1; without a stemmer for it, words count as they are."""
    counts: Counter[int] = Counter()
    for token, times in Counter(tokens(text)).items():
        term = _term(language, token)
        if term is not None:
            counts[term] += times
    return counts


def chunk_terms(text: str, language: str) -> ChunkTerms:
    """Term ids, ascending, with their BM25 weights without idf."""
    counts = analyse(text, language)
    terms = np.array(sorted(counts), dtype=np.int32)
    frequencies = np.array([counts[int(term)] for term in terms], dtype=np.float32)
    saturation = K1 * (1 - B + B * counts.total() / AVERAGE_TERMS)
    return ChunkTerms(terms=terms, weights=(frequencies / (frequencies + np.float32(saturation))).astype(np.float32))


def idf(document_frequency: int, documents: int) -> float:
    """Inverse document frequency: ln(1 + (N - df + .5) / (df + .5)); never negative."""
    return math.log(1 + max(0.0, documents - document_frequency + 0.5) / (document_frequency + 0.5))


def stem(token: str, language: str) -> str:
    """The stem of one token; the token itself where there is no stemmer for the language."""
    if language not in STEMMERS:
        return token
    return _stemmer(language).stemWord(token)


@lru_cache(maxsize=500_000)
def _term(language: str, token: str) -> int | None:
    """Id of a token, or None for a stop word."""
    if any(character.isdigit() for character in token):
        return _term_id(UNKNOWN, token)
    if token in stop_words_of(language):
        return None
    return _term_id(language, stem(token, language))


def _term_id(language: str, text: str) -> int:
    return stable_id("term", language, text) % TERM_MODULUS


@cache
def stop_words_of(language: str) -> frozenset[str]:
    """Stop words as `tokens` would write them; none for an unknown language."""
    if language == "en":
        return ENGLISH_STOP_WORDS
    code = {"no": "nb"}.get(language, language)
    if code not in stop_words.LANGUAGE_MAPPING:
        return frozenset()
    return frozenset(_fold(word) for word in stop_words.get_stop_words(code))


def _stemmer(language: str) -> Stemmer.Stemmer:
    """One stemmer per thread and language: they keep state and are not thread-safe."""
    stemmers: dict[str, Stemmer.Stemmer] = _local.__dict__.setdefault("stemmers", {})
    if language not in stemmers:
        stemmers[language] = Stemmer.Stemmer(STEMMERS[language])
    return stemmers[language]


def _fold(text: str) -> str:
    """Compatibility forms, case and the accents of Latin letters folded; other scripts keep their marks.

    Symbols part words before they are taken apart (AquaFlow™ holds `aquaflow`), as in `names.tokens`.
    """
    text = "".join(c if unicodedata.category(c)[0] in "LNM" else " " for c in text)
    folded: list[str] = []
    after_latin = False
    for character in unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).casefold()):
        if not unicodedata.combining(character):
            after_latin = character < "\u0250" or "\u1e00" <= character <= "\u1eff"
        elif after_latin:
            continue
        folded.append(character)
    return unicodedata.normalize("NFC", "".join(folded))


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Runs of one kind of script (marks belong to their letter), and what tells an unspaced one."""
    marks = "".join(
        re.escape(chr(point)) for point in range(0x300, 0xABFF) if unicodedata.category(chr(point)) in ("Mn", "Mc")
    )
    spaced = rf"(?:(?![{UNSPACED}])[^\W_])(?:(?![{UNSPACED}])[^\W_]|[{marks}])+"
    return re.compile(rf"[{UNSPACED}]{{2,}}|{spaced}"), re.compile(f"[{UNSPACED}]")


def _pairs(run: str) -> Iterator[str]:
    return (run[place : place + 2] for place in range(len(run) - 1))
