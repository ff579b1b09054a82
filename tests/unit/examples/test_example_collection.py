import gzip
import json
import re
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from examples import generate
from examples.generator.build import build_world
from examples.generator.collection import PATTERNS, collection_files
from examples.generator.document import Document
from examples.generator.questions import Question, questions
from examples.generator.template import documents

COMMITTED = Path(generate.__file__).resolve().parent
SEEDS = (0, 1, 2, 3)
OTHER_SEEDS = (1, 2, 3)


def lake(seed: int) -> list[Document]:
    return documents(build_world(seed).slots())


def asked(seed: int) -> list[Question]:
    return questions(build_world(seed).slots(), lake(seed))


def words_of(document: Document) -> str:
    return f"{document.title}\n{document.text}"


def holds(text: str, name: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None


def readable(document: Document, asker: str) -> bool:
    return document.access == "public" or asker == "user:ivy"


def unpacked(path: str, data: bytes) -> bytes:
    # What a zlib build makes of the same text may differ; the text may not.
    return gzip.decompress(data) if path.endswith(".gz") else data


def test_seed_0_gives_the_committed_files_byte_for_byte():
    expected = {path: unpacked(path, data) for path, data in collection_files(0).items()}
    folders = [COMMITTED / folder for folder in ("lake", "broken", "beir")]
    files = [file for folder in folders for file in folder.rglob("*") if file.is_file()]
    files += [COMMITTED / name for name in ("dictionary.json", "principals.json", "questions.jsonl")]
    names = {str(file.relative_to(COMMITTED)): file for file in files}
    committed = {path: unpacked(path, file.read_bytes()) for path, file in names.items()}
    assert sorted(committed) == sorted(expected)
    assert [path for path in expected if expected[path] != committed[path]] == []


def test_writing_twice_replaces_the_earlier_collection(tmp_path: Path):
    generate.write_collection(1, tmp_path)
    count = generate.write_collection(2, tmp_path)
    assert sum(1 for file in tmp_path.rglob("*") if file.is_file()) == count


def test_a_folder_with_other_content_is_left_alone(tmp_path: Path):
    (tmp_path / "lake").mkdir()
    (tmp_path / "lake" / "mine.txt").write_text("mine")
    with pytest.raises(SystemExit):
        generate.write_collection(1, tmp_path)
    assert (tmp_path / "lake" / "mine.txt").read_text() == "mine"


@pytest.mark.parametrize("seed", SEEDS)
def test_the_lake_has_the_promised_shape(seed: int):
    found = lake(seed)
    assert 60 <= len(found) <= 70
    assert len({document.path for document in found}) == len(found)
    assert {document.format for document in found} == {"md", "txt", "html", "pdf", "docx", "csv", "eml", "jsonl"}
    assert 10 <= sum(document.language == "es" for document in found) <= 12
    assert Counter(document.access for document in found)["group:internal"] == 12
    assert {document.access for document in found} == {"public", "group:internal"}


def test_the_questions_cover_every_kind():
    found = asked(0)
    hops = Counter(question.hops for question in found)
    assert len(found) >= 44
    assert len({question.id for question in found}) == len(found)
    assert hops[1] >= 8
    assert hops[2] >= 10
    assert hops[3] >= 8
    assert hops[0] >= 6
    assert sum(question.language == "es" for question in found) >= 6
    assert sum(bool(question.hidden) for question in found) >= 2
    languages = {document.path: document.language for document in lake(0)}
    rests_on = {languages[path] for q in found if q.language == "es" for path in q.documents}
    assert rests_on == {"en", "es"}


@pytest.mark.parametrize("seed", SEEDS)
def test_every_answer_stands_in_a_gold_document_its_asker_may_read(seed: int):
    by_path = {document.path: document for document in lake(seed)}
    for question in asked(seed):
        gold = [by_path[path] for path in question.documents]
        assert all(readable(document, question.asked_by) for document in gold), question.id
        assert bool(question.answers) == bool(question.hops) == bool(gold), question.id
        for accepted in question.all_of or (question.answers,) * bool(question.answers):
            assert any(holds(words_of(document), answer) for document in gold for answer in accepted), question.id
            assert set(accepted) <= set(question.answers), question.id


@pytest.mark.parametrize("seed", SEEDS)
def test_the_gold_documents_are_the_chain_and_nothing_more(seed: int):
    texts = {document.path: words_of(document) for document in lake(seed)}
    for question in asked(seed):
        used: set[str] = set()
        for path in question.paths:
            for left, right in pairwise(path):
                joins = [name for name in question.documents if holds(texts[name], left) and holds(texts[name], right)]
                assert joins, f"{question.id}: no gold document holds both {left} and {right}"
                used.update(joins)
            assert path[-1] in question.answers, question.id
        assert used == set(question.documents), question.id


@pytest.mark.parametrize("seed", SEEDS)
def test_no_document_holds_the_anchor_and_the_answer_of_a_multi_hop_question(seed: int):
    found = lake(seed)
    for question in asked(seed):
        if question.hops < 2:
            continue
        for path in question.paths:
            shortcuts = [
                document.path
                for document in found
                if holds(words_of(document), path[0]) and any(holds(words_of(document), a) for a in question.answers)
            ]
            assert shortcuts == [], f"{question.id}: {path[0]} and an answer stand in {shortcuts}"


@pytest.mark.parametrize("seed", SEEDS)
def test_every_question_names_what_its_chain_begins_with(seed: int):
    for question in asked(seed):
        if question.hops >= 2:
            for path in question.paths:
                named = set(re.findall(r"\w+", path[0])) <= set(re.findall(r"\w+", question.question))
                assert named, f"{question.id}: {path[0]}"


@pytest.mark.parametrize("seed", SEEDS)
def test_hidden_answers_stand_in_restricted_documents_only(seed: int):
    found = lake(seed)
    for question in asked(seed):
        for secret in question.hidden:
            holders = [document for document in found if holds(words_of(document), secret)]
            assert holders, f"{question.id}: {secret} stands nowhere"
            assert not any(readable(document, question.asked_by) for document in holders), question.id


@pytest.mark.parametrize("seed", SEEDS)
def test_one_hop_is_enough_for_single_hop_questions(seed: int):
    assert [q.id for q in asked(seed) if q.hops == 1 and len(q.documents) != 1] == []


@pytest.mark.parametrize("seed", OTHER_SEEDS)
def test_another_seed_answers_otherwise(seed: int):
    original = {question.id: question.answers for question in asked(0) if question.hops}
    other = {question.id: question.answers for question in asked(seed) if question.hops}
    same = [name for name in original if set(original[name]) & set(other[name])]
    assert original.keys() == other.keys()
    assert len(same) <= len(original) // 4, same


@pytest.mark.parametrize("seed", SEEDS)
def test_patterns_find_every_identifier_of_the_world(seed: int):
    world = build_world(seed)
    regexes = dict(PATTERNS)
    expected = {
        "ERROR_CODE": {fault.code for fault in world.faults.values()},
        "CHANGE_ORDER": {change.id for change in world.changes.values()},
        "PART_NUMBER": {part.no for part in world.parts.values()},
        "TICKET": {figure for figure in world.figures.values() if figure.startswith("T-")},
        "SERVICE_KIT": {figure for figure in world.figures.values() if figure.startswith("KIT-")},
    }
    text = "\n".join(words_of(document) for document in lake(seed))
    for kind, names in expected.items():
        assert len(names) > 1
        assert set(re.findall(regexes[kind], text)) <= names
        assert all(re.fullmatch(regexes[kind], name) for name in names)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_dictionary_tells_no_answers(seed: int):
    told = json.loads(collection_files(seed)["dictionary.json"])
    names = {entry["name"] for entry in told["names"]}
    world = build_world(seed)
    assert names.isdisjoint({person.name for person in world.people.values()})
    assert names.isdisjoint({supplier.legal for supplier in world.suppliers.values()})
    assert {product.name for product in world.products.values()} <= names


@pytest.mark.parametrize("seed", SEEDS)
def test_two_people_share_a_name_at_different_companies(seed: int):
    people = build_world(seed).people
    assert people["qh"].name == people["k_seals"].name
    assert people["qh"].email != people["k_seals"].email
    assert len({person.name for person in people.values()}) == len(people) - 1


def test_the_beir_folder_judges_the_same_documents():
    files = collection_files(0)
    corpus = [json.loads(line) for line in gzip.decompress(files["beir/corpus.jsonl.gz"]).splitlines()]
    judged = [line.split("\t")[:2] for line in files["beir/qrels/test.tsv"].decode().splitlines()[1:]]
    assert {entry["_id"] for entry in corpus} == {document.path for document in lake(0)}
    assert judged == [[q.id, path] for q in asked(0) for path in q.documents]
