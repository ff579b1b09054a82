from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgqa.ask.write import MOST_CHARACTERS, sentences
from kgqa.errors import ModelOutputError

REPLY = "Kestrel Seals Ltd. makes it [1]. Dr. Marta Lindqvist signed off [2, 3].\nDone"


@given(st.lists(st.integers(0, len(REPLY)), max_size=8))
def test_sentences_do_not_depend_on_how_the_stream_is_cut(cuts):
    places = [0, *sorted(cuts), len(REPLY)]
    pieces = [REPLY[a:b] for a, b in pairwise(places)]
    assert list(sentences(pieces)) == [
        "Kestrel Seals Ltd. makes it [1].",
        "Dr. Marta Lindqvist signed off [2, 3].",
        "Done",
    ]


def test_an_empty_reply_is_an_error():
    with pytest.raises(ModelOutputError):
        list(sentences([]))


def test_an_endless_reply_is_an_error():
    with pytest.raises(ModelOutputError):
        list(sentences("la la " for _ in range(MOST_CHARACTERS)))
