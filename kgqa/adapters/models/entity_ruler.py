"""The domain dictionary matched by spaCy's EntityRuler: the one-document counterpart of Spark NLP's."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import cast

import spacy
from spacy.language import Language
from spacy.pipeline import EntityRuler
from spacy.tokens import Doc
from spacy.vocab import Vocab

from kgqa.ingest.dictionary import Dictionary
from kgqa.model.mention import DictionaryMatch

_PIECE = re.compile(r"\s|\w+|[^\w\s]")


class DictionaryMatcher:
    """Matches one dictionary; the ruler reports what it finds and the dictionary settles overlaps."""

    def __init__(self, dictionary: Dictionary) -> None:
        self._dictionary = dictionary
        self._nlp: Language | None = _pipeline(dictionary) if dictionary.rules() else None

    def match(self, texts: Iterable[str]) -> list[list[DictionaryMatch]]:
        """Matches of each text, in order."""
        if self._nlp is None:
            return [[] for _ in texts]
        ruler = cast("EntityRuler", self._nlp.get_pipe("entity_ruler"))
        return [self._settled(self._nlp.make_doc(text), ruler) for text in texts]

    def _settled(self, doc: Doc, ruler: EntityRuler) -> list[DictionaryMatch]:
        strings = doc.vocab.strings
        spans = ((doc[start:end], strings[label]) for label, start, end in ruler.match(doc))
        return self._dictionary.settle(doc.text, [(s.start_char, s.end_char, label) for s, label in spans])


class _Tokenizer:
    """Words, single signs, and what a pattern matches as one token, so that token rules can hold any pattern."""

    def __init__(self, vocab: Vocab, patterns: Dictionary) -> None:
        self._vocab = vocab
        self._patterns = patterns

    def __call__(self, text: str) -> Doc:
        words: list[str] = []
        spaces: list[bool] = []
        for piece in self._pieces(text):
            if piece == " " and words and not spaces[-1] and not words[-1].isspace():
                spaces[-1] = True
            else:
                words.append(piece)
                spaces.append(False)
        return Doc(self._vocab, words=words, spaces=spaces)

    def _pieces(self, text: str) -> Iterator[str]:
        place = 0
        for match in self._patterns.find(text):
            yield from _PIECE.findall(text[place : match.start])
            yield text[match.start : match.end]
            place = match.end
        yield from _PIECE.findall(text[place:])


def _pipeline(dictionary: Dictionary) -> Language:
    nlp = spacy.blank("xx")
    nlp.tokenizer = _Tokenizer(nlp.vocab, Dictionary(patterns=dictionary.patterns))
    ruler = cast("EntityRuler", nlp.add_pipe("entity_ruler", config={"validate": False}))
    for rule in dictionary.rules():
        for pattern in rule.patterns:
            tokens = [{"TEXT": {"REGEX": f"^(?:{pattern})$"}}] if rule.is_regex else pattern
            ruler.add_patterns([{"label": rule.label, "pattern": tokens}])
    return nlp
