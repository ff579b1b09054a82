"""An answer without a language model: the chain of sentences that together cover the question.

Beam search. A chain starts at a sentence that is close to the question; each further sentence must share a name
with the chain (the part that one sentence names and the other locates) or name something of the question. What counts
is how much of the question the chain says, how well it fills what is asked for, how close it is, and how short.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kgqa.ask.asks import Ask, asks
from kgqa.ask.passages import Passage
from kgqa.ask.values import short_answer, values
from kgqa.ask.words import terms
from kgqa.model.answer import Question
from kgqa.text.names import tokens

Floats = npt.NDArray[np.float64]
#: where a description of something else begins, in English and Spanish
_RELATIVE = re.compile(r"\b(?:that|which|who|whom|whose|behind|que|quien)\b", re.IGNORECASE)

#: a word of the question found only in the title or headings above a sentence counts this much
CONTEXT_SHARE = 0.6
#: a name of the question counts as much as this many words of its rarity
NAME_SHARE = 1.5
#: e5 cosines lie close together; this is the fall-off of closeness below the best sentence
COSINE_SCALE = 0.03
ASK_WEIGHT, RELEVANCE_WEIGHT = 0.6, 0.25
#: what a further sentence costs, and how much more when nothing but common names ties it to the chain
LENGTH_COST, LOOSENESS_COST = 0.05, 0.35
#: "the flow of the pump that replaced X": a sentence about X is worth this much for what stands before "that"
EMBEDDED_SHARE = 0.4
#: names of places and days tie sentences less than names of things, people and companies
WEAK_TYPES = frozenset({"GPE", "LOC", "NORP", "LANGUAGE", "DATE"})
WEAK_SHARE = 0.3
#: a looser tie than this is none
LEAST_TIE = 0.2
#: ties by place
SAME_CHUNK, SAME_DOCUMENT = 0.8, 0.5
MOST_SENTENCES = 5
BEAM = 24
#: a sentence of so few words without a full stop or a field is a heading or label
HEADING_WORDS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """The chosen sentences in reading order, and what they come to."""

    passages: tuple[Passage, ...]
    short: str
    #: share of the question's words, by rarity, that the sentences and their headings cover: 0 to 1
    coverage: float
    #: best fit of a value to each ask, 0 to 1, averaged
    fit: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chain:
    """Some sentences and what they come to."""

    places: tuple[int, ...]
    covered: Floats
    fits: Floats
    #: how loosely its sentences hang together, summed
    looseness: float
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    """The passages as arrays: one row each."""

    #: passages x words and names of the question: 1, CONTEXT_SHARE or 0
    covers: Floats
    #: their weights, summing to 1
    weights: Floats
    #: passages x asks
    fits: Floats
    relevance: Floats
    #: strength of the link between each two passages
    links: Floats
    #: strength of the link between each passage and the names of the question
    anchors: Floats
    #: passages x names of the question: 1 where the sentence holds the name
    named: Floats


def compose(question: Question, pool: Sequence[Passage]) -> Draft:
    """Choose the chain; empty for an empty pool."""
    wanted = asks(question.text, question.language)
    chains, sentences, table = _chains(question, wanted, pool)
    if not chains:
        return Draft(passages=(), short="", coverage=0.0)
    best = chains[0]
    chosen = [sentences[place] for place in best.places]
    return Draft(
        passages=tuple(sorted(chosen, key=lambda p: (p.chunk.rank, p.chunk.chunk_id, p.start))),
        short=_short(question, wanted, chosen),
        coverage=float(best.covered @ table.weights) if table.weights.size else 1.0,
        fit=float(best.fits.mean()),
    )


def leads(question: Question, pool: Sequence[Passage], chains: int) -> list[int]:
    """Names in the best chains that the question does not use, those of the best chain first."""
    found, sentences, _ = _chains(question, asks(question.text, question.language), pool)
    asked = set(question.name_ids)
    names: dict[int, None] = {}
    for chain in found[:chains]:
        for place in chain.places:
            passage = sentences[place]
            own = [m.name_id for m in passage.mentions if m.type not in WEAK_TYPES]
            names.update(dict.fromkeys(n for n in (*own, *sorted(passage.title_names)) if n not in asked))
    return list(names)


def term_weights(question: Question, pool: Sequence[Passage]) -> dict[int, float]:
    """Rarity of the question's words among the passages."""
    n = len(pool)
    words = terms(question.text, question.language)
    return {t: math.log(1 + n / (1 + sum(t in p.terms for p in pool))) ** 2 for t in sorted(words)}


def _chains(
    question: Question, wanted: Sequence[Ask], pool: Sequence[Passage]
) -> tuple[list[_Chain], list[Passage], _Table]:
    """The best chains of every length, best first."""
    sentences = [p for p in pool if not _is_heading(p)]
    table = _table(question, wanted, sentences)
    if not sentences:
        return [], sentences, table
    beam = _best([_extend(table, None, place) for place in range(len(sentences))])
    found = list(beam)
    for _ in range(MOST_SENTENCES - 1):
        longer = [_extend(table, chain, place) for chain in beam for place in _reachable(table, chain)]
        if not longer:
            break
        beam = _best(longer)
        found += beam
    return sorted(found, key=lambda chain: (-chain.score, chain.places)), sentences, table


def _reachable(table: _Table, chain: _Chain) -> list[int]:
    """Passages that share a name with the chain, or with the question, and add something."""
    tied = table.links[list(chain.places)].max(axis=0) >= LEAST_TIE
    more = np.maximum(table.covers - chain.covered, 0.0) @ table.weights
    adds = (more > 0.03) | (table.fits > chain.fits + 0.2).any(axis=1)
    names = table.named.shape[1]
    stands_alone = (table.named > chain.covered[len(chain.covered) - names :]).any(axis=1)
    reachable = (tied | stands_alone) & adds
    return [int(place) for place in np.flatnonzero(reachable) if int(place) not in chain.places]


def _extend(table: _Table, chain: _Chain | None, place: int) -> _Chain:
    if chain is None:
        tie = float(table.anchors[place])
        places, covered, fits, looseness = (place,), table.covers[place], table.fits[place] * tie, 1.0 - tie
    else:
        places = (*chain.places, place)
        covered = np.maximum(chain.covered, table.covers[place])
        tie = float(table.links[list(chain.places), place].max())
        # What hangs loosely on the chain answers less.
        fits = np.maximum(chain.fits, table.fits[place] * (0.4 + 0.6 * tie))
        looseness = chain.looseness + 1.0 - tie
    score = (
        float(covered @ table.weights)
        + ASK_WEIGHT * float(fits.mean())
        + RELEVANCE_WEIGHT * float(table.relevance[list(places)].max())
        - LENGTH_COST * (len(places) - 1)
        - LOOSENESS_COST * looseness
    )
    return _Chain(places=places, covered=covered, fits=fits, looseness=looseness, score=score)


def _best(chains: Sequence[_Chain]) -> list[_Chain]:
    """The best chains; of those with the same sentences one."""
    distinct = {tuple(sorted(chain.places)): chain for chain in chains}
    return sorted(distinct.values(), key=lambda chain: (-chain.score, chain.places))[:BEAM]


def _table(question: Question, wanted: Sequence[Ask], pool: Sequence[Passage]) -> _Table:
    words = term_weights(question, pool)
    df = Counter(name for p in pool for name in p.names)
    names = {n: NAME_SHARE * math.log(1 + len(pool) / (1 + df[n])) ** 2 for n in question.name_ids}
    weights = np.array([*words.values(), *names.values()])
    best = max((p.cosine for p in pool), default=0.0)
    head, embedded = _embedded(question)
    return _Table(
        covers=np.array(
            [
                [*(_covers(p, t, head, embedded) for t in words), *(_names(p, n) for n in names)]
                for p in pool
            ]
        ),
        weights=weights / (weights.sum() or 1.0),
        fits=np.array([_fits(wanted, p, words, question.language, embedded) for p in pool]),
        relevance=np.exp((np.array([p.cosine for p in pool]) - best) / COSINE_SCALE),
        links=_links(pool, df, frozenset(question.name_ids)),
        anchors=_anchors(pool, df, question),
        named=np.array([[float(n in p.names) for n in names] for p in pool]).reshape(len(pool), len(names)),
    )


def _anchors(pool: Sequence[Passage], df: Mapping[int, int], question: Question) -> Floats:
    """How well each passage is tied to the question: by its rarest name, or, where it names nothing, by closeness."""
    ties = {name: _tie(df[name]) for name in question.name_ids if df[name]}
    if not ties:
        return np.ones(len(pool))
    best = max(ties.values())
    return np.array([max((_names(p, n) * tie / best for n, tie in ties.items()), default=0.0) for p in pool])


def _embedded(question: Question) -> tuple[frozenset[int], frozenset[int]]:
    """Words before the first relative clause, and names inside it; empty where there is none."""
    found = _RELATIVE.search(question.text, 8)
    if not found:
        return frozenset(), frozenset()
    tail = f" {' '.join(token.norm for token in tokens(question.text[found.end() :]))} "
    inside = (n for n, norm in zip(question.name_ids, question.names, strict=True) if f" {norm} " in tail)
    return terms(question.text[: found.start()], question.language), frozenset(inside)


def _tie(df: int) -> float:
    """How well a name ties sentences together: 1 for a rare one, towards 0 for one that stands everywhere."""
    return min(1.0, math.sqrt(3.0 / max(df, 1)))


def _names(passage: Passage, name: int) -> float:
    return 1.0 if name in passage.names else CONTEXT_SHARE if name in passage.title_names else 0.0


def _covers(passage: Passage, term: int, head: frozenset[int], embedded: frozenset[int]) -> float:
    share = EMBEDDED_SHARE if term in head and passage.names & embedded else 1.0
    return share * (1.0 if term in passage.terms else CONTEXT_SHARE if term in passage.context else 0.0)


def _fits(
    wanted: Sequence[Ask], passage: Passage, weights: Mapping[int, float], language: str, embedded: frozenset[int]
) -> list[float]:
    found = [values(ask, passage, frozenset(weights), language) for ask in wanted]
    share = EMBEDDED_SHARE if passage.names & embedded else 1.0
    return [share * min(best[0].fit, 1.0) if best else 0.0 for best in found]


def _links(pool: Sequence[Passage], df: Mapping[int, int], asked: frozenset[int]) -> Floats:
    """How well the best name that two passages share ties them; it stands in the text of at least one of them."""
    own: dict[int, list[int]] = {}
    titled: dict[int, list[int]] = {}
    weak = {m.name_id for p in pool for m in p.mentions if m.type in WEAK_TYPES}
    for place, passage in enumerate(pool):
        for name in passage.names - asked:
            own.setdefault(name, []).append(place)
        for name in passage.title_names - passage.names - asked:
            titled.setdefault(name, []).append(place)
    links = np.zeros((len(pool), len(pool)))
    for name, places in own.items():
        rows = np.array(places)
        columns = np.array(places + titled.get(name, []))
        strength = _tie(df[name]) * (WEAK_SHARE if name in weak else 1.0)
        links[np.ix_(rows, columns)] = np.maximum(links[np.ix_(rows, columns)], strength)
        links[np.ix_(columns, rows)] = np.maximum(links[np.ix_(columns, rows)], strength)
    return np.maximum(links, _neighbours(pool))


def _neighbours(pool: Sequence[Passage]) -> Floats:
    """Sentences of one chunk, and prose of one document, hang together; rows of a table do not."""
    chunks = np.array([p.chunk.chunk_id for p in pool])
    documents = np.array([p.chunk.document_id for p in pool])
    record = np.array([p.is_record for p in pool])
    both, either = np.logical_and.outer(record, record), np.logical_or.outer(record, record)
    same_chunk, same_document = np.equal.outer(chunks, chunks) & ~both, np.equal.outer(documents, documents) & ~either
    return np.maximum(SAME_CHUNK * same_chunk, SAME_DOCUMENT * same_document)


def _is_heading(passage: Passage) -> bool:
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
