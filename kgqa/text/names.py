"""Names as keys: one normal form for the same name however it is written, and the tokens that texts and names share.

A normal form holds only letters, digits and marks in NFKC case-folded form, words parted by single spaces. Text is
cut into the same words by `tokens`, so a name occurs in a text exactly where its tokens follow one another there.
Scripts that do not part words (Han, Kana, Thai, ...) give one token per character.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from functools import cache
from typing import NamedTuple

_FUNCTION_WORDS = """
the a an of in on at to for by with from and or is was are were be been being as that this these those which who
whom whose what when where why how did does do done it its his her hers their theirs our ours your yours my mine he
she they i you we me him them us not no yes if then than but so into out up down over under also all any each some
such only own same too very can could will would shall should may might must has have had having there here
el la los las un una unos unas de del al y o u e en con por para que quien cual es era son fue ser como su sus se lo
le les no si sin sobre entre este esta estos estas ese esa esos esas mi tu nuestro nuestra
der die das ein eine und oder von zu im am den dem des mit ist sind
le les des du et ou une est sont dans pour par sur
"""
#: words that are no name by themselves: function words of languages that often start a sentence
STOP_WORDS = frozenset(_FUNCTION_WORDS.split())

_ARTICLE = re.compile(r"(?:the|his|her|its|their|this|that|these|those) (?=.)|an? (?=\D)")
_POSSESSIVE = re.compile(r"(?:['’`]s|['’])$", re.IGNORECASE)
_BRACKETS = re.compile(r"\s*[(（][^()（）]*[)）]\s*$")
_EDGES = " \t\r\n\"“”'‘’`.,;:!?-–—"
_ASCII_WORD = re.compile("[A-Za-z0-9]+")
#: scripts that are written without spaces between words, as the inside of a character class
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)


class Token(NamedTuple):
    """A word of a text in normal form. A tuple, not a dataclass: millions are made."""

    norm: str
    #: offsets into the text
    start: int
    end: int


def normalise(name: str, strip_brackets: bool = True) -> str:  # noqa: FBT001 - read aloud, the call is clear
    """The normal form of a name; idempotent. Empty when no letter or digit is left.

    >>> normalise("The Tekezé River's"), normalise("Brother (Pearl Jam song)"), normalise("HP-7731-04")
    ('tekeze river', 'brother', 'hp 7731 04')
    """
    name = name.strip(_EDGES)
    if strip_brackets:
        name = _BRACKETS.sub("", name) or name
    name = _POSSESSIVE.sub("", name.strip(_EDGES))
    norm = joined(tokens(name))
    while article := _ARTICLE.match(norm):
        norm = norm[article.end() :]
    return norm


def tokens(text: str) -> list[Token]:
    """The words of a text in order; a character that stands for several words gives several tokens of one span."""
    if text.isascii():
        return [Token(m.group().lower(), m.start(), m.end()) for m in _ASCII_WORD.finditer(text)]
    found: list[Token] = []
    for match in _word().finditer(text):
        word, start, end = match.group(), match.start(), match.end()
        if word.isascii():
            found.append(Token(word.lower(), start, end))
        else:
            found.extend(Token(part, start, end) for part in _fold(word))
    return found


def joined(words: list[Token]) -> str:
    """Tokens as a normal form: a space between them unless they touch in the text (unspaced scripts)."""
    parts: list[str] = []
    end = -1
    for word in words:
        if parts and word.start != end:
            parts.append(" ")
        parts.append(word.norm)
        end = word.end
    return "".join(parts)


def is_nameable(norm: str) -> bool:
    """Whether a normal form can be a name: neither empty, nor one character, nor a stop word."""
    return len(norm) > 1 and norm not in STOP_WORDS


def pieces(name: str) -> tuple[str, ...]:
    """Normal forms of the parts between commas ("Katsina State, Nigeria"); empty without a comma."""
    if "," not in name:
        return ()
    norms = (normalise(piece) for piece in name.split(","))
    return tuple(norm for norm in norms if len(norm) > 2 and is_nameable(norm) and not norm.isdigit())


def title_names(title: str) -> tuple[str, ...]:
    """Names that a title gives: itself, with its brackets kept, and the part before the first comma."""
    variants = (normalise(title), normalise(title, strip_brackets=False), normalise(title.split(",")[0]))
    return tuple(norm for norm in dict.fromkeys(variants) if is_nameable(norm))


@cache
def _word() -> re.Pattern[str]:
    """Runs of letters, digits and marks (which Python's word class lacks); unspaced scripts stand alone."""
    marks = _ranges(tuple(code for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code))[0] == "M"))
    unspaced = f"[{UNSPACED}][{marks}]*"
    spaced = f"(?:(?![{UNSPACED}])[^\\W_]|[{marks}])"
    return re.compile(f"{unspaced}|{spaced}+")


def _ranges(codes: tuple[int, ...]) -> str:
    """Sorted code points as the inside of a character class."""
    parts: list[str] = []
    start = previous = codes[0]
    for code in (*codes[1:], -1):
        if code != previous + 1:
            parts.append(f"{re.escape(chr(start))}-{re.escape(chr(previous))}")
            start = code
        previous = code
    return "".join(parts)


@cache
def _fold(word: str) -> tuple[str, ...]:
    """Case-folded NFKC words of one raw word, marks after Latin letters dropped; repeated until nothing changes."""
    previous = ""
    while word != previous:
        previous = word
        word = _without_latin_marks(unicodedata.normalize("NFKC", word).casefold())
        word = "".join(c if unicodedata.category(c)[0] in "LNM" else " " for c in word)
    return tuple(word.split())


def _without_latin_marks(word: str) -> str:
    """Tekezé becomes Tekeze; й, が and Indic vowel signs stay, for there the mark is part of the letter."""
    kept: list[str] = []
    is_latin = False
    for char in unicodedata.normalize("NFD", word):
        if unicodedata.category(char) != "Mn":
            is_latin = "LATIN" in unicodedata.name(char, "")
        elif is_latin:
            continue
        kept.append(char)
    return unicodedata.normalize("NFC", "".join(kept))
