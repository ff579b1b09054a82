"""What a text without a title is about: the subject of its first sentence, else the first name in it.

A cheap stand-in for a title: the first sentence of an article, a letter or a note mostly says what follows is about.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from spacy.tokens import Doc, Span, Token

from kgqa.adapters.models.spans import NameSpan, reads_as_name, span_at
from kgqa.model.document import Chunk
from kgqa.model.mention import NameSource

_SUBJECTS = ("nsubj", "nsubjpass")
#: parts of a subject that say something about it and are no part of its name
_REMARKS = frozenset(("relcl", "acl", "appos", "advcl", "punct", "conj", "cc"))
_REMARK = re.compile(r"[(,;:\"“]")
#: what begins something other than the subject
_NOT_IN_NAMES = frozenset(("ADP", "AUX", "PUNCT", "SCONJ", "VERB"))
#: names of these types are seldom what a text is about
_SELDOM_SUBJECTS = frozenset(("NORP", "LANGUAGE"))
#: a subject that comes later belongs to a sentence about something else
_FURTHEST_TOKEN = 25
_LONGEST_SUBJECT = 60
_SENTENCE_END = re.compile(r"[.!?…][\"'”’»)\]]*$")


def subject(chunk: Chunk, doc: Doc, names: Sequence[NameSpan]) -> NameSpan | None:
    """The name that the chunk, the first of its document, is about; `names` are those in its text, by start."""
    sentence = _first_sentence(chunk, doc)
    token = _subject_token(sentence) if sentence is not None else None
    if sentence is not None and token is not None and token.pos_ != "PRON":
        known = next((n for n in names if n.start <= token.idx < n.end and n.type not in _SELDOM_SUBJECTS), None)
        named = _phrase(chunk.text, sentence, token)
        if known is not None and (not _is_name(named) or known.start <= named.start):
            named = known
        if _is_name(named) and (known is not None or not _is_plain_noun(token, named)):
            return named
    return next((n for n in names if n.type not in _SELDOM_SUBJECTS and len(n.norm) > 1), None)


def _first_sentence(chunk: Chunk, doc: Doc) -> Span | None:
    """The first that ends as sentences do: a line above it (a title, a date) is none."""
    for sentence in chunk.sentences:
        if _SENTENCE_END.search(chunk.text[sentence.start : sentence.end]):
            return doc.char_span(sentence.start, sentence.end, alignment_mode="expand")
    return None


def _subject_token(sentence: Span) -> Token | None:
    """The subject of the main verb, else the first subject there is."""
    subjects = [token for token in sentence[:_FURTHEST_TOKEN] if token.dep_ in _SUBJECTS]
    return next((token for token in subjects if token.head == sentence.root), next(iter(subjects), None))


def _phrase(text: str, sentence: Span, token: Token) -> NameSpan:
    """The words of the subject, up to where a remark about it begins."""
    before = sentence.doc[sentence.start : token.i]
    # the parser cuts foreign names in two: where nothing else can stand before the subject, all that does is its name
    left = token.left_edge if any(t.pos_ in _NOT_IN_NAMES for t in before) else sentence[0]
    while left.i < token.i and left.pos_ in ("DET", "PUNCT", "SPACE"):
        left = left.nbor()
    right = token
    while right.i < token.right_edge.i and right.nbor().dep_ not in _REMARKS:
        right = right.nbor()
    end = _REMARK.split(text[left.idx : right.idx + len(right)])[0].rstrip()
    return span_at(text, left.idx, left.idx + len(end), "", NameSource.SUBJECT)


def _is_name(span: NameSpan) -> bool:
    return reads_as_name(span) and len(span.norm) < _LONGEST_SUBJECT


def _is_plain_noun(token: Token, span: NameSpan) -> bool:
    """One common word, with a capital only because the sentence begins with it."""
    return token.pos_ == "NOUN" and " " not in span.norm
