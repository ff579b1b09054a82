"""The questions of the collection, with gold documents and short answers that follow the facts of the world."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from examples.generator.document import Document
from examples.generator.template import FOLDER


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question and what a right answer rests on."""

    #: Name within the collection.
    id: str
    #: The words.
    question: str
    #: Language of the words, `en` or `es`.
    language: str
    #: Facts that have to be joined: 1, 2, 3 (three or more), or 0 when nothing the caller may read answers it.
    hops: int
    #: Short answers, any of which is right; empty when there is none.
    answers: tuple[str, ...]
    #: For a question with two parts: the accepted answers of each part, all of which are needed.
    all_of: tuple[tuple[str, ...], ...]
    #: Paths of the documents that are needed, in the order of the reasoning.
    documents: tuple[str, ...]
    #: Who asks: `public` or a name of principals.json.
    asked_by: str
    #: Chains of names from the question to the answer; two neighbours stand in one gold document.
    paths: tuple[tuple[str, ...], ...]
    #: Strings that nothing visible to the asker may contain; they are not written to questions.jsonl.
    hidden: tuple[str, ...]

    def record(self) -> dict[str, object]:
        """The line of questions.jsonl."""
        line: dict[str, object] = {
            "id": self.id,
            "question": self.question,
            "language": self.language,
            "hops": self.hops,
            "answers": self.answers,
            "documents": self.documents,
            "as": self.asked_by,
            "paths": self.paths,
        }
        return line | ({"all_of": self.all_of} if self.all_of else {})


def questions(slots: Mapping[str, object], documents: Sequence[Document]) -> list[Question]:
    """Every question with its slots filled and its templates named by path."""
    paths = {document.name: document.path for document in documents}
    lines = (FOLDER / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    return [_question(_filled(json.loads(line), slots), paths) for line in lines]


def _filled(value: Any, slots: Mapping[str, object]) -> Any:
    match value:
        case str():
            return value.format_map(slots)
        case list():
            return tuple(_filled(item, slots) for item in cast("list[object]", value))
        case dict():
            return {key: _filled(item, slots) for key, item in cast("dict[str, object]", value).items()}
        case _:
            return value


def _question(fields: Mapping[str, Any], paths: Mapping[str, str]) -> Question:
    return Question(
        id=fields["id"],
        question=fields["question"],
        language=fields["language"],
        hops=fields["hops"],
        answers=fields["answers"],
        all_of=fields.get("all_of", ()),
        documents=tuple(paths[name] for name in fields["documents"]),
        asked_by=fields["as"],
        paths=fields["paths"],
        hidden=fields.get("hidden", ()),
    )
