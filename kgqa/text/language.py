"""Which language a text is in, without network and the same on every machine (py3langid, a naive Bayes model).

Short texts mislead any detector: candidates are the languages of wide use, and the answer is `und` unless one of them
is clearly ahead. `kgqa eval language` measures it (docs/decisions/0017-language-and-duplicates.md).
"""

from __future__ import annotations

import re
from functools import cache

from py3langid.langid import MODEL_FILE, LanguageIdentifier

from kgqa.text.names import UNSPACED
from kgqa.text.pseudonyms import TOKEN

#: part of the stage hash: a change of what is detected reads documents again
LANGUAGE_VERSION = "2"
UNKNOWN = "und"
#: characters read of a long text
SAMPLE_CHARACTERS = 4_000
#: least probability of an answer
CONFIDENCE = 0.5
#: a text at least this long (a table of names and numbers, say) may be less certain, if the second guess is far behind
LONG_CHARACTERS = 200
LONG_LEAD = 1.5
#: a chunk departs from its document's language when it is at least this long and this certain
CHUNK_CHARACTERS = 40
CHUNK_CONFIDENCE = 0.9
#: letters of a spaced script that say as much as one character of an unspaced one
UNSPACED_LETTERS = 3
LANGUAGES = (
    "ar", "bg", "bn", "ca", "cs", "da", "de", "el", "en", "es", "et", "eu", "fa", "fi", "fr", "he", "hi", "hr",
    "hu", "hy", "id", "is", "it", "ja", "ko", "lt", "lv", "nl", "no", "pl", "pt", "ro", "ru", "sk", "sl", "sr",
    "sv", "sw", "ta", "th", "tr", "uk", "ur", "vi", "zh",
)  # fmt: skip

_UNSPACED = re.compile(f"[{UNSPACED}]")


def identify(text: str) -> tuple[str, float]:
    """The most likely language (ISO 639-1) and its probability; (`und`, 0.0) for text without letters."""
    sample = _sample(text)
    if not any(character.isalpha() for character in sample):
        return UNKNOWN, 0.0
    language, probability = _identifier().classify(sample)
    return str(language), float(probability)


def detect(text: str) -> str:
    """ISO 639-1 code, or `und`.

    >>> detect("Which supplier makes the seal kit of the pump?")
    'en'
    """
    language, probability = identify(text)
    if language == UNKNOWN or probability >= CONFIDENCE:
        return language
    second = _identifier().rank(_sample(text))[1][1]
    return language if len(text) >= LONG_CHARACTERS and probability >= LONG_LEAD * second else UNKNOWN


def detect_chunk(text: str, document_language: str) -> str:
    """The document's language, unless the chunk is long and certainly in another."""
    if len(text) + (UNSPACED_LETTERS - 1) * len(_UNSPACED.findall(text)) < CHUNK_CHARACTERS:
        return document_language
    language, probability = identify(text)
    return language if probability >= CHUNK_CONFIDENCE else document_language


def _sample(text: str) -> str:
    """The first part of a text, without what stands for personal data: that is in no language."""
    return TOKEN.sub(" ", text[:SAMPLE_CHARACTERS])


@cache
def _identifier() -> LanguageIdentifier:
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(LANGUAGES)
    return identifier
