"""A token is found however a store writes it, and wherever a block ends."""

from __future__ import annotations

import base64
import json
import unicodedata
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgqa.errors import InvalidInput
from kgqa.text.needle import Needle

TOKENS = ("Zyxquor Blamthep", "Żółwikowski", "Бережкова-Лунь", "霧ヶ峰太郎", 'o\'Krénn "Bix" 50%_')
ENCODINGS = {
    "utf-8": str.encode,
    "utf-16-le": lambda text: text.encode("utf-16-le"),
    "utf-16-be": lambda text: text.encode("utf-16-be"),
    "json": lambda text: json.dumps({"k": text}).encode(),
    "json of json": lambda text: json.dumps({"k": text}, ensure_ascii=False).encode(),
    "hex": lambda text: b"\\x" + text.encode().hex().encode(),
    "base64 0": lambda text: base64.b64encode(b"abc" + text.encode() + b" and more"),
    "base64 1": lambda text: base64.b64encode(b"abcd" + text.encode() + b" and more"),
    "base64 2": lambda text: base64.b64encode(b"abcde" + text.encode() + b" and more"),
    "uri": lambda text: quote(f"lake/{text}.md").encode(),
}


@pytest.mark.parametrize("token", TOKENS)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_token_is_found_in_every_encoding(token: str, encoding: str) -> None:
    needle = Needle.of(token)
    for text in (token, token.upper(), token.lower(), unicodedata.normalize("NFD", token)):
        assert needle.find_in([b"before ", ENCODINGS[encoding](text), b" after"]), text
    assert needle.find_in([ENCODINGS[encoding]("Zyxquor of something else 0815")]) == 0


@given(st.integers(1, 40), st.integers(0, 60))
def test_it_does_not_matter_where_blocks_end(size: int, padding: int) -> None:
    data = b"-" * padding + b"Zyxquor Blamthep and ZYXQUOR BLAMTHEP"
    blocks = [data[i : i + size] for i in range(0, len(data), size)]
    assert Needle.of("Zyxquor Blamthep").find_in(blocks) == 2


def test_a_text_holds_it_in_any_case_form_and_spacing() -> None:
    needle = Needle.of("  Élena   Ruiz ")
    assert needle.token == "Élena Ruiz"
    assert needle.is_in("by E\u0301LENA\n RUIZ.")
    assert not needle.is_in("by Elena, and by Ruiz")


def test_patterns_for_sql_take_wildcards_literally() -> None:
    assert "%50\\%\\_x%" in Needle.of("50%_x").sql_patterns()


@pytest.mark.parametrize("token", ["", "ab", "  a ", "x\0yz", "a\x07bc"])
def test_a_token_that_says_nothing_is_refused(token: str) -> None:
    with pytest.raises(InvalidInput):
        Needle.of(token)
