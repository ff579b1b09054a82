"""Near duplicates by signature: nothing is overlooked, and what is known already changes nothing."""

from __future__ import annotations

import random

import pytest

from kgqa.adapters.postgres.near_duplicates import Signed, first_near
from kgqa.ingest.dedupe import NEAR, minhash, near


def texts(seed: int, count: int) -> list[str]:
    """Texts of which many differ from another in a few words, more or less near."""
    chooser = random.Random(seed)
    made: list[list[str]] = []
    for _ in range(count):
        words = [f"word{chooser.randrange(500)}" for _ in range(120)]
        if made and chooser.random() < 0.7:
            words = list(chooser.choice(made))
            for _ in range(chooser.randrange(5)):
                words[chooser.randrange(len(words))] = f"word{chooser.randrange(500)}"
        made.append(words)
    return [" ".join(words) for words in made]


def oracle(documents: list[Signed]) -> dict[int, int | None]:
    marks: dict[int, int | None] = {}
    for d in documents:
        before = (o for o in documents if o.document_id < d.document_id)
        marks[d.document_id] = min(
            (o.document_id for o in before if near(o.signature, d.signature) >= NEAR), default=None
        )
    return marks


@pytest.mark.parametrize("seed", range(3))
def test_every_near_pair_is_found_in_any_order(seed: int) -> None:
    ids = random.Random(seed).sample(range(2**63 - 2), 80)
    documents = [Signed(document_id=i, signature=minhash(t)) for i, t in zip(ids, texts(seed, 80), strict=True)]
    expected = oracle(documents)
    assert 10 < sum(first is not None for first in expected.values()) < 75
    assert first_near(documents, set(ids)) == expected
    assert first_near(documents[::-1], set(ids)) == expected


def test_documents_that_come_later_complete_the_marks_that_are_there() -> None:
    documents = [Signed(document_id=i, signature=minhash(t)) for i, t in enumerate(texts(7, 60), start=1)]
    old, new = documents[::2], documents[1::2]
    marks = first_near(old, {d.document_id for d in old})
    kept = [
        Signed(document_id=d.document_id, signature=d.signature, near_duplicate_of=marks[d.document_id]) for d in old
    ]
    assert first_near([*kept, *new], {d.document_id for d in new}) == oracle(documents)


def test_a_mark_stays_when_its_original_is_not_among_the_documents_compared() -> None:
    a, b = minhash("one two three four five six"), minhash("seven eight nine ten eleven twelve")
    documents = [Signed(document_id=5, signature=a, near_duplicate_of=2), Signed(document_id=6, signature=b)]
    assert first_near(documents, {6}) == {5: 2, 6: None}
