"""All sets, all systems, every stage switched off in turn, and all sets in one collection: `kgqa eval benchmarks`.

A question is asked with the full configuration first, and only that is timed; the others reuse what it read. All
systems are the product's own path with other options, so their differences are paired by question.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np

from kgqa.ask.rank import RankServices, rank
from kgqa.evaluation.datasets import Dataset
from kgqa.evaluation.measures import Estimate, PerQuestion, estimates, paired, retrieval_measures
from kgqa.evaluation.memo import RememberedServices
from kgqa.evaluation.pool import pooled, pooled_key
from kgqa.evaluation.run import document_order, ranker_card
from kgqa.evaluation.training import family_of
from kgqa.model.answer import AskOptions, View

#: what each row of the main table is
SYSTEMS: Mapping[str, AskOptions] = {
    "keyword": AskOptions(mode="keyword"),
    "vector": AskOptions(mode="vector"),
    "fused": AskOptions(mode="fused"),
    "graph": AskOptions(ranked_depth=0),
    "ranker": AskOptions(),
}
FULL = "ranker"
#: (better, worse): the steps whose gain is told with its interval
STEPS = (("graph", "fused"), ("ranker", "graph"), ("ranker", "fused"))
#: a set may lose so much in the pool, against itself alone
MARGIN = 0.03
#: steps of the ask path that every system takes; the walk and the ranker add theirs
_ALWAYS = ("ask.understand", "ask.embed", "ask.retrieve", "ask.fuse")
_STEPS_OF = {"graph": (*_ALWAYS, "ask.expand"), "ranker": (*_ALWAYS, "ask.expand", "ask.rank")}

Measures = Mapping[str, Estimate]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One system on one set."""

    measures: Measures
    #: seconds of a question, median and 95th percentile
    p50: float
    p95: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SetResult:
    """What was measured on one set."""

    name: str
    documents: int
    questions: int
    ranker: Mapping[str, object]
    #: by system
    rows: Mapping[str, Row]
    #: by "better - worse"
    steps: Mapping[str, Measures]
    ablation_questions: int = 0
    #: by ablation: its measures minus those of the full configuration
    ablations: Mapping[str, Measures] = field(default_factory=dict[str, Measures])


@dataclass(frozen=True, slots=True, kw_only=True)
class PooledResult:
    """A set's questions over the documents of all sets."""

    name: str
    documents: int
    questions: int
    measures: Measures
    #: pool minus alone
    difference: Measures


@dataclass(slots=True)
class Asked:
    """Orders of documents by configuration, and seconds by step of the first configuration."""

    runs: dict[str, dict[str, list[str]]]
    timings: list[dict[str, float]] = field(default_factory=list[dict[str, float]])

    def values(self, name: str, gold: Mapping[str, frozenset[str]]) -> PerQuestion:
        """Measures of each question with this configuration."""
        return retrieval_measures(self.runs[name], gold)

    def seconds(self, steps: Sequence[str]) -> tuple[float, float]:
        """Median and 95th percentile of the sum of some steps."""
        totals = [sum(timing.get(step, 0.0) for step in steps) for timing in self.timings]
        p50, p95 = np.quantile(totals, (0.5, 0.95)) if totals else (0.0, 0.0)
        return float(p50), float(p95)


def ask_all(
    questions: Iterator[tuple[str, str]],
    view: View,
    services: RankServices,
    configurations: Mapping[str, AskOptions],
    *,
    own: str = "",
) -> Asked:
    """Ask every question with every configuration, the first of them on nothing that is remembered."""
    remembered = RememberedServices.of(services)
    asked = Asked(runs={name: {} for name in configurations})
    for query, text in questions:
        remembered.memo.forget()
        for place, (name, options) in enumerate(configurations.items()):
            timing: dict[str, float] = {}
            order = rank(text, view, remembered, options, timing).order
            asked.runs[name][query] = document_order(order, view, remembered.index, own=own)
            if place == 0:
                asked.timings.append(timing)
    return asked


def measure_set(
    dataset: Dataset,
    questions: Iterator[tuple[str, str]],
    view: View,
    services: RankServices,
    ablations: Mapping[str, AskOptions],
    ablation_limit: int,
) -> tuple[SetResult, Asked]:
    """The systems over all questions, and the ablations over the first of them."""
    systems = {FULL: SYSTEMS[FULL], **SYSTEMS}
    first = ask_all(islice(questions, ablation_limit), view, services, {**systems, **ablations})
    rest = ask_all(questions, view, services, systems)
    asked = Asked(
        runs={name: {**first.runs[name], **rest.runs[name]} for name in systems},
        timings=[*first.timings, *rest.timings],
    )
    values = {name: asked.values(name, dataset.gold) for name in systems}
    rows: dict[str, Row] = {}
    for name in SYSTEMS:
        p50, p95 = asked.seconds(_STEPS_OF.get(name, _ALWAYS))
        rows[name] = Row(measures=estimates(values[name]), p50=p50, p95=p95)
    full = first.values(FULL, dataset.gold)
    result = SetResult(
        name=dataset.folder.name,
        documents=sum(1 for _ in dataset.corpus()),
        questions=len(asked.timings),
        ranker=ranker_card(services.ranker),
        rows=rows,
        steps={f"{better} - {worse}": paired(values[better], values[worse]) for better, worse in STEPS},
        ablation_questions=len(first.timings) if ablations else 0,
        ablations={name: paired(first.values(name, dataset.gold), full) for name in ablations},
    )
    return result, asked


def measure_pooled(
    dataset: Dataset,
    alone: Asked,
    questions: Iterator[tuple[str, str]],
    view: View,
    services: RankServices,
    documents: int,
) -> PooledResult:
    """The questions of a set over the pool, against their order over the set alone."""
    asked = ask_all(questions, view, services, {FULL: SYSTEMS[FULL]}, own=pooled_key(dataset, ""))
    values = asked.values(FULL, pooled(dataset).gold)
    return PooledResult(
        name=dataset.folder.name,
        documents=documents,
        questions=len(asked.timings),
        measures=estimates(values),
        difference=paired(values, alone.values(FULL, dataset.gold)),
    )


def unfair(result: SetResult) -> bool:
    """Whether the ranker learned from questions of the family of this set."""
    families = result.ranker.get("families", ())
    return isinstance(families, list) and family_of(result.name) in families
