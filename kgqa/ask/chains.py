"""Chains of sentences that hang together, found by beam search.

A chain starts at a sentence that names something of the question; each further sentence shares a name with the chain
and adds something. A chain is worth how much of the question it says, how well it fills what is asked for, how close
it is, less what its length and loose ties cost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kgqa.ask.links import Floats
from kgqa.ask.table import Table

ASK_WEIGHT, RELEVANCE_WEIGHT = 0.6, 0.25
#: what a further sentence costs, and how much more when nothing but common names ties it to the chain
LENGTH_COST, LOOSENESS_COST = 0.04, 0.15
#: a looser tie than this is none
LEAST_TIE = 0.2
#: how much of a value's fit depends on how its sentence is tied
TIE_SHARE = 0.4
#: what a further sentence must add: of the question's words, or to the fit of a value
LEAST_WORDS, LEAST_FIT = 0.03, 0.2
MOST_SENTENCES = 5
BEAM = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """Some sentences and what they come to."""

    #: rows of the table, in the order of the chain
    places: tuple[int, ...]
    #: how far each word and name of the question is said
    covered: Floats
    #: best fit of a value to each ask
    fits: Floats
    #: closeness of its closest sentence
    relevance: float
    #: how loosely its sentences hang together, summed
    looseness: float
    score: float


def search(table: Table) -> list[Chain]:
    """The best chains of every length, best first; none for an empty table."""
    beam = _starts(table) if len(table.relevance) else []
    found = list(beam)
    for _ in range(MOST_SENTENCES - 1):
        beam = _best([longer for chain in beam for longer in _extensions(table, chain)])
        found += beam
    return sorted(found, key=lambda chain: (-chain.score, chain.places))


def _starts(table: Table) -> list[Chain]:
    """Chains of one sentence, the best first."""
    ties = table.anchors
    scores = _scores(table, table.covers, table.fits * ties[:, np.newaxis], table.relevance, 1.0 - ties, 1)
    return [
        Chain(
            places=(place,),
            covered=table.covers[place],
            fits=table.fits[place] * ties[place],
            relevance=float(table.relevance[place]),
            looseness=1.0 - float(ties[place]),
            score=float(scores[place]),
        )
        for place in _top(scores)
    ]


def _extensions(table: Table, chain: Chain) -> list[Chain]:
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
        Chain(
            places=(*chain.places, int(places[row])),
            covered=covered[row],
            fits=fits[row],
            relevance=float(relevance[row]),
            looseness=float(looseness[row]),
            score=float(scores[row]),
        )
        for row in _top(scores)
    ]


def _scores(table: Table, covered: Floats, fits: Floats, relevance: Floats, looseness: Floats, length: int) -> Floats:
    """What chains of one length are worth, one row each."""
    worth = covered @ table.weights + ASK_WEIGHT * fits.mean(axis=1) + RELEVANCE_WEIGHT * relevance
    return worth - LENGTH_COST * (length - 1) - LOOSENESS_COST * looseness


def _top(scores: Floats) -> list[int]:
    return [int(row) for row in np.argsort(-scores, kind="stable")[:BEAM]]


def _best(chains: Sequence[Chain]) -> list[Chain]:
    """The best chains; of those with the same sentences the best."""
    distinct: dict[tuple[int, ...], Chain] = {}
    for chain in sorted(chains, key=lambda chain: (-chain.score, chain.places)):
        distinct.setdefault(tuple(sorted(chain.places)), chain)
    return list(distinct.values())[:BEAM]
