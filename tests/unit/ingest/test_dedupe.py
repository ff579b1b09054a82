import pytest

from kgqa.ingest.dedupe import NEAR, PERMUTATIONS, content_hash, minhash, near, text_hash
from kgqa.model.document import RawDocument

WORDS = [f"word{n % 97}x{n % 89}" for n in range(400)]


def shingles(words: list[str]) -> set[tuple[str, ...]]:
    return {tuple(words[n : n + 5]) for n in range(len(words) - 4)}


def test_only_space_may_differ_between_equal_texts():
    assert text_hash("a b\n\nc") == text_hash(" a  b c\t")
    assert text_hash("a b c") != text_hash("a bc")
    assert len(text_hash("")) == 32


@pytest.mark.parametrize("changed", [0, 10, 40, 150])
def test_nearness_estimates_the_jaccard_similarity_of_word_5_grams(changed: int):
    other = [f"other{n}" if n < changed else word for n, word in enumerate(WORDS)]
    left, right = shingles(WORDS), shingles(other)
    expected = len(left & right) / len(left | right)
    found = near(minhash(" ".join(WORDS)), minhash(" ".join(other)))
    assert found == pytest.approx(expected, abs=3 * (0.25 / PERMUTATIONS) ** 0.5)


def test_one_changed_word_in_a_long_text_is_near():
    assert near(minhash(" ".join(WORDS)), minhash(" ".join([*WORDS[:-1], "else"]))) >= NEAR


def test_texts_without_words_are_near_nothing():
    assert minhash(" .,; ") == b""
    assert near(b"", b"") == near(b"", minhash("a b")) == 0.0


def test_a_signature_has_a_fixed_size_and_never_changes():
    assert len(minhash("seal kit")) == 4 * PERMUTATIONS
    assert minhash("Seal  KIT").hex()[:16] == minhash("seal kit").hex()[:16] == "ddc246b6998f65cb"


def test_content_hash_moves_with_everything_the_source_delivers():
    def raw(**changes) -> RawDocument:
        return RawDocument(**{"collection": "c", "key": "k", "uri": "u", "data": b"d", **changes})

    hashes = {
        content_hash(document)
        for document in (
            raw(),
            raw(data=b"e"),
            raw(uri="v"),
            raw(media_type="text/plain"),
            raw(principals=("group:a",)),
            raw(metadata={"title": "t"}),
        )
    }
    assert len(hashes) == 6
    assert content_hash(raw()) == content_hash(raw(key="other"))
