"""Everything of one seed as named bytes: the lake, its access list, dictionary, questions and the BEIR folder."""

import gzip
import json
from collections.abc import Iterable, Sequence

from examples.generator.broken import broken_files
from examples.generator.build import build_world
from examples.generator.document import Document
from examples.generator.formats import write
from examples.generator.questions import Question, questions
from examples.generator.template import documents
from examples.generator.world import World

PATTERNS = (
    ("ERROR_CODE", r"\bE-\d{3}\b"),
    ("PART_NUMBER", r"\b[A-Z]{2}-\d{4}-\d{2}\b"),
    ("CHANGE_ORDER", r"\bCO-\d{4}\b"),
    ("TICKET", r"\bT-\d{5}\b"),
    ("SERVICE_KIT", r"\bKIT-\d{3}\b"),
)
_PRINCIPALS = {"user:ivy": ["group:internal"], "user:omar": list[str]()}


def collection_files(seed: int) -> dict[str, bytes]:
    """Path below the output folder and bytes of every file; the same seed always gives the same bytes."""
    world = build_world(seed)
    slots = world.slots()
    lake = documents(slots)
    asked = questions(slots, lake)
    files = {f"lake/{document.path}": write(document) for document in lake}
    first = {document.format: files[f"lake/{document.path}"] for document in reversed(lake)}
    files |= {f"broken/{name}": data for name, data in broken_files(first["pdf"], first["docx"]).items()}
    files["lake/_access.json"] = _json(_access(lake))
    files["dictionary.json"] = _json(_dictionary(world))
    files["principals.json"] = _json(_PRINCIPALS)
    files["questions.jsonl"] = _json_lines(question.record() for question in asked)
    return files | _beir(lake, asked)


def _access(lake: Sequence[Document]) -> dict[str, object]:
    restricted = {document.path: [document.access] for document in lake if document.access != "public"}
    return {"default": ["public"], "documents": restricted}


def _dictionary(world: World) -> dict[str, object]:
    """Names and patterns a parser of general text misses; it names things and says nothing about them."""
    products = [
        {"name": product.name, "type": "PRODUCT", "aliases": [product.code]} for product in world.products.values()
    ]
    kinds = sorted({part.name for part in world.parts.values()})
    parts = [{"name": kind, "type": "PART", "aliases": list[str]()} for kind in kinds]
    patterns = [{"type": kind, "regex": regex} for kind, regex in PATTERNS]
    return {"names": products + parts, "patterns": patterns}


def _beir(lake: Sequence[Document], asked: Sequence[Question]) -> dict[str, bytes]:
    """The answerable questions as a BEIR folder; document ids are paths inside the lake."""
    answerable = [question for question in asked if question.hops]
    corpus = _json_lines({"_id": d.path, "title": d.title, "text": d.text} for d in lake)
    judgements = [f"{question.id}\t{path}\t1" for question in answerable for path in question.documents]
    return {
        "beir/corpus.jsonl.gz": gzip.compress(corpus, mtime=0),
        "beir/queries.jsonl": _json_lines({"_id": q.id, "text": q.question} for q in answerable),
        "beir/qrels/test.tsv": ("\n".join(["query-id\tcorpus-id\tscore", *judgements]) + "\n").encode(),
        "beir/answers.jsonl": _json_lines({"_id": q.id, "answers": q.answers} for q in answerable),
    }


def _json(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode()


def _json_lines(records: Iterable[object]) -> bytes:
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records).encode()
