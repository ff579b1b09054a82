"""Passages into the pivot language of their collection, so that a question in that language finds them by its words.

Only what is certainly in another language is translated. The original stays what is quoted, embedded and read for
names; the translation is kept beside it. It is found again by what was translated, so that an edit of a document costs
the passages that changed. Whatever goes wrong costs a passage its translation, never the document.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from kgqa.errors import KgqaError, ModelOutputError
from kgqa.logs import logger
from kgqa.model.delta import ChunkTranslation
from kgqa.model.document import Chunk, Document, indexed_text
from kgqa.ports import Translator
from kgqa.telemetry import TRANSLATIONS
from kgqa.text.language import UNKNOWN
from kgqa.text.pseudonyms import TOKEN
from kgqa.text.terms import chunk_terms

TRANSLATION_VERSION = "1"
#: a translation this many times as long as its text is none
_MOST_GROWTH = 10
_SHORT_CHARACTERS = 200

#: (language, engine, hashes) -> translations that were made before, by hash
KeptTranslations = Callable[[str, str, Sequence[bytes]], Mapping[bytes, str]]

log = logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pivot:
    """The language that a collection is translated to, and by whom."""

    #: ISO 639-1
    language: str
    translator: Translator
    #: None: everything is translated anew
    kept: KeptTranslations | None = None

    @property
    def version(self) -> list[str]:
        """Part of the stage hash: another language or translator reads the documents again."""
        return [self.language, self.translator.name, TRANSLATION_VERSION]


@dataclass(frozen=True, slots=True, kw_only=True)
class Translated:
    """What translating one document gave."""

    #: parallel to its chunks
    translations: tuple[ChunkTranslation | None, ...] = ()
    #: which passages should have been translated and are not, and why; empty: all are
    reason: str = ""
    #: the translator was away: reading the document again may help
    is_unfinished: bool = False


def translate(documents: Sequence[tuple[Document, Sequence[Chunk]]], pivot: Pivot) -> list[Translated]:
    """Translate a batch of documents, in order; each text once, whatever documents it is in."""
    wanted = {
        text_hash(c): (c.language, c.text) for _, chunks in documents for c in chunks if is_foreign(c, pivot.language)
    }
    found = _translations(wanted, pivot)
    return [_of_document(document, chunks, found, pivot) for document, chunks in documents]


def is_foreign(chunk: Chunk, pivot: str) -> bool:
    """Whether a chunk is certainly in another language than the pivot."""
    return chunk.language not in (UNKNOWN, pivot)


def text_hash(chunk: Chunk) -> bytes:
    """The key under which a chunk's translation is found again: its text, and the language that it was taken for."""
    return sha256(f"{chunk.language}\0{chunk.text}".encode()).digest()[:16]


def _translations(wanted: Mapping[bytes, tuple[str, str]], pivot: Pivot) -> dict[bytes, str | KgqaError]:
    """A translation for every wanted text, or why there is none."""
    engine = pivot.translator.name
    kept = pivot.kept(pivot.language, engine, list(wanted)) if pivot.kept and wanted else {}
    found: dict[bytes, str | KgqaError] = {**kept}
    missing: dict[str, list[bytes]] = {}
    for digest, (language, _) in wanted.items():
        if digest not in kept:
            missing.setdefault(language, []).append(digest)
    for language, digests in sorted(missing.items()):
        texts = [wanted[digest][1] for digest in digests]
        made = pivot.translator.translate(texts, source=language, target=pivot.language)
        found |= {d: _checked(t, m) for d, t, m in zip(digests, texts, made, strict=True)}
    _count(found, kept, engine)
    return found


def _checked(text: str, translation: str | KgqaError) -> str | KgqaError:
    """The translation, if it can stand for the text: not empty, not endless, with every masked value in it."""
    if isinstance(translation, KgqaError):
        return translation
    translation = translation.encode("utf-8", "ignore").decode().replace("\0", "").strip()
    if not translation or len(translation) > _MOST_GROWTH * max(len(text), _SHORT_CHARACTERS):
        return ModelOutputError("The translator gave nothing that can be a translation.")
    if _tokens(text) != _tokens(translation):
        return ModelOutputError("The translation lost or changed a masked value.")
    return translation


def _tokens(text: str) -> Counter[str]:
    return Counter(match[0] for match in TOKEN.finditer(text))


def _count(found: Mapping[bytes, str | KgqaError], kept: Mapping[bytes, str], engine: str) -> None:
    outcomes = Counter[str]()
    for digest, translation in found.items():
        if isinstance(translation, KgqaError):
            outcomes["unavailable" if translation.retryable else "failed"] += 1
        else:
            outcomes["kept" if digest in kept else "translated"] += 1
    for outcome, number in outcomes.items():
        TRANSLATIONS.labels(outcome).inc(number)
    reasons = Counter(t.message for t in found.values() if isinstance(t, KgqaError))
    for reason, number in reasons.items():
        log.warning("ingest.translate.failed", engine=engine, passages=number, reason=reason)


def _of_document(
    document: Document, chunks: Sequence[Chunk], found: Mapping[bytes, str | KgqaError], pivot: Pivot
) -> Translated:
    made = [found.get(text_hash(c)) for c in chunks]
    problems = [m for m in made if isinstance(m, KgqaError)]
    return Translated(
        translations=tuple(
            _translation(document, c, m, pivot) if isinstance(m, str) else None
            for c, m in zip(chunks, made, strict=True)
        ),
        reason=_reason(problems, len(chunks), pivot.language),
        is_unfinished=any(problem.retryable for problem in problems),
    )


def _translation(document: Document, chunk: Chunk, text: str, pivot: Pivot) -> ChunkTranslation:
    passage = indexed_text(document.title, chunk.heading_path, text)
    return ChunkTranslation(
        text=text,
        language=pivot.language,
        engine=pivot.translator.name,
        text_hash=text_hash(chunk),
        terms=chunk_terms(passage, pivot.language),
    )


def _reason(problems: Sequence[KgqaError], passages: int, pivot: str) -> str:
    if not problems:
        return ""
    why = next((p for p in problems if p.retryable), problems[0])
    return f"{len(problems)} of {passages} passages are not translated into {pivot}: {why}"
