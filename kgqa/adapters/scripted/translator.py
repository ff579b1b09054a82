"""A translator without a model: word for word, by a glossary. For tests of what is done with translations."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from kgqa.errors import KgqaError

_WORD = re.compile(r"\w+")


@dataclass
class GlossaryTranslator:
    """Implements `ports.Translator`; a word that the glossary does not have stays as it is."""

    #: by word in lower case
    glossary: Mapping[str, str] = field(default_factory=dict[str, str])
    name: str = "glossary 1"
    #: what is said of a text that holds the key, in place of a translation
    failures: Mapping[str, KgqaError] = field(default_factory=dict[str, KgqaError])
    #: (text, source, target) of everything that was asked for
    asked: list[tuple[str, str, str]] = field(default_factory=list[tuple[str, str, str]])

    def translate(self, texts: Sequence[str], *, source: str, target: str) -> Sequence[str | KgqaError]:
        """One translation per text, in order, or the failure that it is scripted to have."""
        self.asked += [(text, source, target) for text in texts]
        return [self._one(text) for text in texts]

    def _one(self, text: str) -> str | KgqaError:
        failure = next((problem for part, problem in self.failures.items() if part in text), None)
        return failure or _WORD.sub(lambda word: self.glossary.get(word[0].lower(), word[0]), text)
