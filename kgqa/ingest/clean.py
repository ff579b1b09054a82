r"""Bytes to text, and text to clean text. This runs before offsets exist: what comes out is what quotes refer to.

Clean text is NFC, has `\n` as its only line end, ordinary spaces only, no control characters, and nothing that a reader
cannot see: zero-width characters, bidirectional controls, tags and variation selectors can hide words and instructions.
"""

from __future__ import annotations

import codecs
import re
import unicodedata

from charset_normalizer import from_bytes

from kgqa.errors import InvalidInput

#: bytes that are looked at to guess an encoding
SAMPLE_BYTES = 65_536
WESTERN = "cp1252"

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16: its mark starts with that one's
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_LINE_ENDS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufdd0-\ufdef\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
#: joiners mean something only after letters of Arabic, Indic and related scripts
_STRAY_JOINER = re.compile("(?<![\u0600-\u08ff\u0900-\u0dff\u1000-\u109f\u1780-\u17ff\u1800-\u18af])[\u200c\u200d]+")
_SPACES = re.compile("[\xa0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_LINE_SPACE = re.compile(r"[ \t]+(?=\n|\Z)")
_BLANK_LINES = re.compile(r"\n{3,}")


def clean(text: str) -> str:
    r"""The text as it is kept. Cleaning clean text changes nothing.

    >>> clean("Cafe\u0301\u200b  \r\n\r\n\r\n\r\nopen")
    'Café\n\nopen'
    """
    text = _LINE_ENDS.sub("\n", text)
    text = _STRAY_JOINER.sub("", _INVISIBLE.sub("", text))
    text = unicodedata.normalize("NFC", _SPACES.sub(" ", text))
    return _BLANK_LINES.sub("\n\n", _LINE_SPACE.sub("", text)).strip("\n")


def decode(data: bytes, declared: str | None = None) -> tuple[str, tuple[str, ...]]:
    """Text of some bytes, and warnings. Byte order mark, then the declared encoding, then UTF-8, then a guess.

    Raises InvalidInput when the bytes are no text in any of them.
    """
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return _refuse_binary(*_replace(data[len(mark) :], encoding))
    for encoding in (declared, "utf-8"):
        text = _strict(data, encoding)
        if text is not None:
            return _refuse_binary(text, ())
    text, warnings = _replace(data, "utf-8")
    if text.count("\ufffd") * 1000 <= len(text):  # a few damaged bytes, or a cut at the end
        return _refuse_binary(text, warnings)
    encoding = _guess(data[:SAMPLE_BYTES])
    text, warnings = _replace(data, encoding)
    return _refuse_binary(text, (f"The encoding was not stated; read as {encoding}.", *warnings))


def _guess(sample: bytes) -> str:
    """The most plausible encoding; Western European among equals, the most common one that is not Unicode."""
    matches = list(from_bytes(sample))
    equals = [m for m in matches if (m.chaos, m.coherence) == (matches[0].chaos, matches[0].coherence)]
    if not matches or any(WESTERN in match.could_be_from_charset for match in equals):
        return WESTERN
    return matches[0].encoding


def _strict(data: bytes, encoding: str | None) -> str | None:
    if not encoding:
        return None
    try:
        return data.decode(encoding)
    except (UnicodeError, LookupError, ValueError):
        return None


def _replace(data: bytes, encoding: str) -> tuple[str, tuple[str, ...]]:
    text = data.decode(encoding, errors="replace")
    count = text.count("\ufffd")
    return text, (f"{count} characters could not be decoded as {encoding}.",) if count else ()


def _refuse_binary(text: str, warnings: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """Raise InvalidInput for what decodes but is not text: every hundredth character is a control or replaced one."""
    odd = sum(text.count(chr(code)) for code in (*range(9), *range(14, 27), *range(28, 32), 0xFFFD))
    if odd * 100 > len(text):
        raise InvalidInput(
            "This is not a text file: it holds binary data.",
            hint="check that the file is complete and that its name ends with its real type.",
        )
    return text, warnings
