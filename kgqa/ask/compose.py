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
#: rare words count more than proportionally
RARITY_POWER = 2.0
#: e5 cosines lie close together; this is the fall-off of closeness below the best sentence
COSINE_SCALE = 0.03
ASK_WEIGHT, RELEVANCE_WEIGHT = 0.6, 0.25
#: what a further sentence costs, and how much more when nothing but common names ties it to the chain
LENGTH_COST, LOOSENESS_COST = 0.04, 0.15
#: "the flow of the pump that replaced X": a sentence about X is worth this much for what stands before "that"
EMBEDDED_SHARE = 0.4
EMBEDDED_FIT = 0.15
#: names of places and days tie sentences less than names of things, people and companies
WEAK_TYPES = frozenset({"GPE", "LOC", "NORP", "LANGUAGE", "DATE"})
WEAK_SHARE = 0.3
#: a looser tie than this is none
LEAST_TIE = 0.2
#: a name in so few sentences ties fully
RARE = 3.0
#: what a further sentence must add: of the question's words, or to the fit of a value
LEAST_WORDS, LEAST_FIT = 0.03, 0.2
#: ties by place
SAME_CHUNK, SAME_DOCUMENT = 0.8, 0.5
#: a name in a sentence and a document about that name
ABOUT_TIE = 0.6
#: what a document's opening says it is about, beside its title
SUBJECT_TYPES = frozenset({"ORG", "PERSON"})
#: how much of a value's fit depends on how its sentence is tied
TIE_SHARE = 0.4
#: a document is about the names in its first so many characters
OPENING = 300
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
    #: closeness of its closest sentence
    relevance: float
    #: how loosely its sentences hang together, summed
    looseness: float
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    """The passages as arrays: one row each."""

    #: passages x words and names of the question: 1, CONTEXT_SHARE or 0
    covers: Floats
    #: their weights, summing to 1, over what some passage says; and over everything
    weights: Floats
    said: Floats
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
        coverage=float(best.covered @ table.said) if table.said.size else 1.0,
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
    return {t: math.log(1 + n / (1 + sum(t in p.terms for p in pool))) ** RARITY_POWER for t in sorted(words)}


def _chains(
    question: Question, wanted: Sequence[Ask], pool: Sequence[Passage]
) -> tuple[list[_Chain], list[Passage], _Table]:
    """The best chains of every length, best first."""
    sentences = [p for p in pool if not _is_heading(p)]
    table = _table(question, wanted, sentences)
    if not sentences:
        return [], sentences, table
    beam = _starts(table)
    found = list(beam)
    for _ in range(MOST_SENTENCES - 1):
        beam = _best([longer for chain in beam for longer in _extensions(table, chain)])
        found += beam
    return sorted(found, key=lambda chain: (-chain.score, chain.places)), sentences, table


def _starts(table: _Table) -> list[_Chain]:
    """Chains of one sentence, the best first."""
    ties = table.anchors
    scores = _scores(table, table.covers, table.fits * ties[:, np.newaxis], table.relevance, 1.0 - ties, 1)
    return [
        _Chain(
            places=(place,),
            covered=table.covers[place],
            fits=table.fits[place] * ties[place],
            relevance=float(table.relevance[place]),
            looseness=1.0 - float(ties[place]),
            score=float(scores[place]),
        )
        for place in _top(scores)
    ]


def _extensions(table: _Table, chain: _Chain) -> list[_Chain]:
    """The best chains with one sentence more: one that shares a name with the chain or with the question."""
    ties = table.links[list(chain.places)].max(axis=0)
    names = table.named.shape[1]
    alone = (table.named > chain.covered[len(chain.covered) - names :]).any(axis=1)
    words = np.maximum(table.covers - chain.covered, 0.0) @ table.weights
    adds = (words > LEAST_WORDS) | (table.fits > chain.fits + LEAST_FIT).any(axis=1)
    reachable = ((ties >= LEAST_TIE) | alone) & adds
    reachable[list(chain.places)] = False
    places = np.flatnonzero(reachable)
    covered = np.maximum(chain.covered, table.covers[places])
    # What hangs loosely on the chain answers less.
    fits = np.maximum(chain.fits, table.fits[places] * (1.0 - TIE_SHARE + TIE_SHARE * ties[places])[:, np.newaxis])
    relevance = np.maximum(chain.relevance, table.relevance[places])
    looseness = chain.looseness + 1.0 - ties[places]
    scores = _scores(table, covered, fits, relevance, looseness, len(chain.places) + 1)
    return [
        _Chain(
            places=(*chain.places, int(places[row])),
            covered=covered[row],
            fits=fits[row],
            relevance=float(relevance[row]),
            looseness=float(looseness[row]),
            score=float(scores[row]),
        )
        for row in _top(scores)
    ]


def _scores(table: _Table, covered: Floats, fits: Floats, relevance: Floats, looseness: Floats, length: int) -> Floats:
    """What chains of one length are worth, one row each."""
    worth = covered @ table.weights + ASK_WEIGHT * fits.mean(axis=1) + RELEVANCE_WEIGHT * relevance
    return worth - LENGTH_COST * (length - 1) - LOOSENESS_COST * looseness


def _top(scores: Floats) -> list[int]:
    return [int(row) for row in np.argsort(-scores, kind="stable")[:BEAM]]


def _best(chains: Sequence[_Chain]) -> list[_Chain]:
    """The best chains; of those with the same sentences the best."""
    distinct: dict[tuple[int, ...], _Chain] = {}
    for chain in sorted(chains, key=lambda chain: (-chain.score, chain.places)):
        distinct.setdefault(tuple(sorted(chain.places)), chain)
    return list(distinct.values())[:BEAM]


def _table(question: Question, wanted: Sequence[Ask], pool: Sequence[Passage]) -> _Table:
    head, embedded = _embedded(question)
    words = term_weights(question, pool)
    df = Counter(name for p in pool for name in p.names)
    names = {n: NAME_SHARE * math.log(1 + len(pool) / (1 + df[n])) ** RARITY_POWER for n in question.name_ids}
    weights = np.array([*words.values(), *names.values()])
    covers = np.array([[*(_covers(p, t, head, embedded) for t in words), *(_names(p, n) for n in names)] for p in pool])
    covers = covers.reshape(len(pool), len(weights))
    # What no sentence says cannot tell them apart; it counts when the answer is judged.
    sayable = weights * (covers > 0).any(axis=0) if len(pool) else weights
    best = max((p.cosine for p in pool), default=0.0)
    return _Table(
        covers=covers,
        weights=sayable / (sayable.sum() or 1.0),
        said=weights / (weights.sum() or 1.0),
        fits=np.array([_fits(wanted, p, words, question.language, embedded) for p in pool]),
        relevance=np.exp((np.array([p.cosine for p in pool]) - best) / COSINE_SCALE),
        links=_links(pool, df, frozenset(question.name_ids)),
        anchors=_anchors(pool, df, question),
        named=np.array([[float(n in p.names and n not in embedded) for n in names] for p in pool]).reshape(
            len(pool), len(names)
        ),
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
    return min(1.0, math.sqrt(RARE / max(df, 1)))


def _names(passage: Passage, name: int) -> float:
    return 1.0 if name in passage.names else CONTEXT_SHARE if name in passage.title_names else 0.0


def _covers(passage: Passage, term: int, head: frozenset[int], embedded: frozenset[int]) -> float:
    share = EMBEDDED_SHARE if term in head and passage.names & embedded else 1.0
    return share * (1.0 if term in passage.terms else CONTEXT_SHARE if term in passage.context else 0.0)


def _fits(
    wanted: Sequence[Ask], passage: Passage, weights: Mapping[int, float], language: str, embedded: frozenset[int]
) -> list[float]:
    found = [values(ask, passage, frozenset(weights), language) for ask in wanted]
    share = EMBEDDED_FIT if passage.names & embedded else 1.0
    return [share * min(best[0].fit, 1.0) if best else 0.0 for best in found]


def _links(pool: Sequence[Passage], df: Mapping[int, int], asked: frozenset[int]) -> Floats:
    """How well the best name that two passages share ties them; it stands in the text of at least one of them."""
    own: dict[int, list[int]] = {}
    about: dict[int, list[int]] = {}
    weak = {m.name_id for p in pool for m in p.mentions if m.type in WEAK_TYPES}
    subjects = _subjects(pool)
    for place, passage in enumerate(pool):
        for name in passage.names - asked:
            own.setdefault(name, []).append(place)
        for name in (passage.title_names | subjects.get(passage.chunk.document_id, frozenset())) - passage.names - asked:
            about.setdefault(name, []).append(place)
    links = np.zeros((len(pool), len(pool)))
    for name, places in own.items():
        strength = _tie(df[name]) * (WEAK_SHARE if name in weak else 1.0)
        for others, least in ((places, 0.0), (about.get(name, []), 0.0 if name in weak else ABOUT_TIE)):
            tie = max(strength, least)
            for rows, columns in ((places, others), (others, places)):
                block = np.ix_(np.array(rows, int), np.array(columns, int))
                links[block] = np.maximum(links[block], tie)
    return np.maximum(links, _neighbours(pool))


def _subjects(pool: Sequence[Passage]) -> dict[int, frozenset[int]]:
    """Per document the names in its opening, as far as it is prose."""
    found: dict[int, frozenset[int]] = {}
    for passage in pool:
        if passage.opens(OPENING) and not passage.is_record:
            document = passage.chunk.document_id
            named = {m.name_id for m in passage.mentions if m.type in SUBJECT_TYPES} & passage.names
            found[document] = found.get(document, frozenset()) | named
    return found


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
