"""Evaluation data: BEIR folders (corpus, queries, qrels, answers) and the example questions."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from kgqa.errors import InvalidInput
from kgqa.model.document import RawDocument

COLLECTION_PREFIX = "eval-"
UNTITLED_SUFFIX = "-untitled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """A BEIR folder; the corpus is read when it is iterated."""

    folder: Path
    #: text of each query, in file order
    queries: Mapping[str, str]
    #: per query the ids of its gold documents
    gold: Mapping[str, frozenset[str]]
    #: per query its accepted answers, where the folder has them
    answers: Mapping[str, tuple[str, ...]]
    #: False: documents come without a title; it is the first line of their text
    titles: bool = True

    @property
    def collection(self) -> str:
        """Name of the collection that the folder is ingested into."""
        return f"{COLLECTION_PREFIX}{self.folder.name}{'' if self.titles else UNTITLED_SUFFIX}"

    def documents(self) -> Iterator[RawDocument]:
        """The corpus as plain-text documents; the key is the external id."""
        for row in self.corpus():
            title = str(row.get("title") or "")
            key = str(row["_id"])
            yield RawDocument(
                collection=self.collection,
                key=key,
                uri=f"beir:{self.folder.name}/{key}",
                data=str(row["text"]).encode(),
                media_type="text/plain",
                metadata={"title": title} if title else {},
            )

    def corpus(self) -> Iterator[Mapping[str, object]]:
        """Lines of the corpus: `_id`, `title`, `text`."""
        for row in _rows(_existing(self.folder, "corpus.jsonl")):
            title = str(row.get("title") or "")
            yield row if self.titles or not title else {**row, "title": "", "text": f"{title}\n\n{row['text']}"}

    def write_corpus(self, folder: Path) -> None:
        """As a BEIR folder that the ingest job can read."""
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "corpus.jsonl").open("w", encoding="utf-8") as lines:
            lines.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in self.corpus())


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleQuestion:
    """One line of `questions.jsonl`."""

    id: str
    text: str
    language: str
    #: 0: the documents do not answer it
    hops: int
    answers: tuple[str, ...]
    #: every group must be answered; made of `answers` where the file does not say
    all_of: tuple[tuple[str, ...], ...]
    #: keys of the gold documents
    documents: frozenset[str]
    #: `public` or `user:NAME`
    subject: str


def read_dataset(folder: Path, *, titles: bool = True) -> Dataset:
    """Read queries, judgements and answers of a BEIR folder. Raises `InvalidInput`."""
    folder = folder.resolve()
    gold: dict[str, set[str]] = {}
    for line in _existing(folder, "qrels/test.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        query, document, score = line.split("\t")
        if int(score) > 0:
            gold.setdefault(query, set()).add(document)
    queries = {str(row["_id"]): str(row["text"]) for row in _rows(_existing(folder, "queries.jsonl"))}
    answers_file = folder / "answers.jsonl"
    answers = (
        {str(row["_id"]): _strings(row["answers"]) for row in _rows(answers_file)} if answers_file.exists() else {}
    )
    return Dataset(
        folder=folder,
        queries={query: text for query, text in queries.items() if query in gold},
        gold={query: frozenset(documents) for query, documents in gold.items()},
        answers=answers,
        titles=titles,
    )


def read_questions(path: Path) -> tuple[ExampleQuestion, ...]:
    """Read example questions. Raises `InvalidInput`."""
    return tuple(_question(row) for row in _rows(path))


def _question(row: Mapping[str, object]) -> ExampleQuestion:
    answers = _strings(row.get("answers", ()))
    groups = row.get("all_of") or ([answers] if answers else [])
    assert isinstance(groups, list)
    return ExampleQuestion(
        id=str(row["id"]),
        text=str(row["question"]),
        language=str(row["language"]),
        hops=int(str(row["hops"])),
        answers=answers,
        all_of=tuple(_strings(group) for group in groups),
        documents=frozenset(_strings(row.get("documents", ()))),
        subject=str(row.get("as", "public")),
    )


def _strings(value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise InvalidInput("A list of strings was expected in the evaluation data.")
    return tuple(str(item) for item in value)


def _existing(folder: Path, name: str) -> Path:
    for path in (folder / name, folder / f"{name}.gz"):
        if path.exists():
            return path
    raise InvalidInput(
        f"{folder} has no {name}.", hint="A BEIR folder has corpus.jsonl, queries.jsonl and qrels/test.tsv."
    )


def _rows(path: Path) -> Iterator[dict[str, object]]:
    if not path.exists():
        raise InvalidInput(f"There is no file {path}.")
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                yield json.loads(line)
            except json.JSONDecodeError:
                raise InvalidInput(f"Line {number} of {path.name} is not JSON.") from None
