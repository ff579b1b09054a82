"""An answer without a language model: the chain of sentences that together cover the question.

"Which supplier makes the part behind error E-417?" has no sentence that answers it; one says which part stands behind
the error, another who makes that part. `chains` finds such sentences, this module says what they come to.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from kgqa.ask.asks import Ask, asks
from kgqa.ask.chains import Chain, search
from kgqa.ask.compare import compare
from kgqa.ask.links import WEAK_TYPES
from kgqa.ask.passages import Passage
from kgqa.ask.solve import solve
from kgqa.ask.table import Table, tabulate
from kgqa.ask.values import short_answer
from kgqa.ask.words import terms
from kgqa.model.answer import Question

#: "which pump" asks for a name, whatever a pump is
_WHICH = re.compile(r"\b(?:which|cu[aá]l)\b", re.IGNORECASE)
#: a sentence of so few words without a full stop or a field is a heading or label
HEADING_WORDS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """The chosen sentences, from the question's names to the answer, and what they come to."""

    passages: tuple[Passage, ...]
    short: str
    #: share of the question's words, by rarity, that the sentences and their headings say: 0 to 1; 1 where every
    #: step found what it asks for, 0 where a value is asked for and nothing fits
    coverage: float
    #: best fit of a value to each ask, 0 to 1, averaged
    fit: float = 0.0
    #: whether the question was answered step by step
    stepwise: bool = False
    #: whether the short answer was worked out from the passages together; no single one says it
    derived: bool = False


def compose(question: Question, pool: Sequence[Passage]) -> Draft:
    """The best chain; empty for an empty pool."""
    wanted = asks(question.text, question.language)
    sentences = [passage for passage in pool if not is_heading(passage)]
    if compared := compare(question, sentences):
        return Draft(
            passages=compared.passages, short=compared.short, coverage=1.0, fit=1.0, stepwise=True, derived=True
        )
    table = tabulate(question, wanted, sentences)
    chains = search(table)
    if not chains:
        return Draft(passages=(), short="", coverage=0.0)
    best = chains[0]
    chosen = [sentences[place] for place in best.places]
    nested = solve(question, sentences)
    if nested.solved:
        fit = float(best.fits.mean())
        return Draft(passages=nested.passages, short=nested.short, coverage=1.0, fit=fit, stepwise=True)
    short = _short(question, wanted, chosen)
    return Draft(
        passages=tuple(chosen),
        short=short,
        coverage=_coverage(best, table) if short or not any(_wants_value(ask) for ask in wanted) else 0.0,
        fit=float(best.fits.mean()),
    )


def _coverage(chain: Chain, table: Table) -> float:
    return float(chain.covered @ table.said) if table.said.size else 1.0


def _wants_value(ask: Ask) -> bool:
    """Whether the answer is a name or number, not an explanation."""
    return ask.type not in ("", "YESNO") or _WHICH.search(ask.text) is not None


def leads(question: Question, pool: Sequence[Passage], chains: int) -> list[int]:
    """Names in the best chains that the question does not use, those of the best chain first."""
    sentences = [passage for passage in pool if not is_heading(passage)]
    found = search(tabulate(question, asks(question.text, question.language), sentences))
    asked = set(question.name_ids)
    names: dict[int, None] = dict.fromkeys(solve(question, sentences).frontier)
    for chain in found[:chains]:
        for place in chain.places:
            passage = sentences[place]
            own = [mention.name_id for mention in passage.mentions if mention.type not in WEAK_TYPES]
            names.update(dict.fromkeys(n for n in (*own, *sorted(passage.title_names)) if n not in asked))
    return list(names)


def is_heading(passage: Passage) -> bool:
    """Whether it is a heading or a label: nothing to quote."""
    text = passage.text
    bare = len(text.split()) <= HEADING_WORDS and ":" not in text and "|" not in text
    repeats = text in passage.chunk.heading_path or text == passage.chunk.title
    return repeats or (bare and text[-1:] not in ".!?。！？")


def _short(question: Question, wanted: Sequence[Ask], chosen: Sequence[Passage]) -> str:
    """The chosen sentences as they were chosen: the end of a chain answers."""
    if all(ask.type == "YESNO" for ask in wanted):
        return ""
    trust = [1.0 + 0.1 * n for n in range(len(chosen))]
    asked = terms(question.text, question.language)
    return short_answer(wanted, chosen, trust, asked, question.language)
