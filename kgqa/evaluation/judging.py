"""Training the judges of evidence on judged questions, each asked with its gold documents and without them.

What a chunk carries is learned from the chunks of gold documents; whether the evidence is enough, from which of the
two ways a question was asked. Every data set weighs the same. Gradient-boosted trees by LightGBM, log loss, so that
the scores are probabilities (Niculescu-Mizil and Caruana, ICML 2005; the reliability is in docs/benchmarks.md).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from kgqa.ask.choose import choose
from kgqa.ask.compose import compose
from kgqa.ask.follow import Reader, follow
from kgqa.ask.pipeline import AskServices
from kgqa.ask.rank import rank
from kgqa.ask.support import ANSWERABLE_FEATURES, SUPPORT_FEATURES, Sight, answerable_row, support_matrix
from kgqa.errors import ConfigurationError
from kgqa.evaluation.datasets import Dataset
from kgqa.evaluation.removal import without
from kgqa.evaluation.training import family_of, to_onnx
from kgqa.model.answer import AskOptions, View

PARAMETERS: Mapping[str, object] = {
    "objective": "binary", "num_leaves": 15, "learning_rate": 0.05, "min_data_in_leaf": 20, "feature_fraction": 0.7,
    "lambda_l2": 5.0, "seed": 7, "deterministic": True, "num_threads": 1, "verbosity": -1,
}  # fmt: skip
SUPPORT_TREES, ANSWERABLE_TREES = 120, 100
#: the judge of questions learns from supports that were given by models which had not seen the question
FOLDS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One question, asked in one of the two ways."""

    sight: Sight
    matrix: npt.NDArray[np.float32]
    #: 1 for chunks of gold documents
    labels: npt.NDArray[np.int32]
    answerable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedSet:
    """The questions of one data set, both ways one after the other."""

    name: str
    asked: tuple[Asked, ...]

    @property
    def family(self) -> str:
        """As `training.family_of`."""
        return family_of(self.name)


def ask_both_ways(dataset: Dataset, view: View, services: AskServices, limit: int) -> Iterator[Asked]:
    """Ask questions spread over the set, each with its gold documents and as if they were not there."""
    queries = list(dataset.queries.items())
    for query, text in queries[:: max(1, len(queries) // limit)][:limit]:
        gold = dataset.gold[query]
        for asking, answerable in ((services, True), (without(gold, services), False)):
            yield _ask(text, gold, view, asking, answerable=answerable)


def _ask(text: str, gold: frozenset[str], view: View, services: AskServices, *, answerable: bool) -> Asked:
    options = AskOptions()
    ranking = rank(text, view, services, options)
    reader = Reader(question=ranking.question, vector=ranking.vector, view=view, index=services.index)
    read = follow(ranking.order, reader, services.graph, options)
    sight = Sight.of(ranking, read, compose(ranking.question, read))
    keys = services.index.document_keys(view, sight.chunk_ids)
    labels = [bool(gold.intersection(keys.get(chunk, ()))) for chunk in sight.chunk_ids]
    return Asked(sight=sight, matrix=support_matrix(sight), labels=np.array(labels, np.int32), answerable=answerable)


def train_judges(sets: Sequence[AskedSet]) -> tuple[bytes, bytes]:
    """The judge of chunks and the judge of questions, as ONNX files with their cards."""
    support = _fit_support([(each, each.asked) for each in sets])
    rows: list[npt.NDArray[np.float32]] = []
    labels: list[float] = []
    weights: list[float] = []
    for fold in range(FOLDS):
        seen = _fit_support([(each, [a for n, a in enumerate(each.asked) if n // 2 % FOLDS != fold]) for each in sets])
        for each in sets:
            for asked in (a for n, a in enumerate(each.asked) if n // 2 % FOLDS == fold and len(a.matrix)):
                scores = cast("npt.NDArray[np.float64]", seen.predict(asked.matrix)).tolist()
                given = dict(zip(asked.sight.chunk_ids, scores, strict=True))
                cited = list(dict.fromkeys(p.chunk.chunk_id for p in choose(asked.sight, given)))
                rows.append(answerable_row(asked.sight, given, cited))
                labels.append(float(asked.answerable))
                weights.append(1 / len(each.asked))
    answerable = _fit(np.concatenate(rows), np.array(labels), np.array(weights), ANSWERABLE_FEATURES, ANSWERABLE_TREES)
    return (
        to_onnx([support.dump_model()], _card(sets, SUPPORT_FEATURES, SUPPORT_TREES), probability=True),
        to_onnx([answerable.dump_model()], _card(sets, ANSWERABLE_FEATURES, ANSWERABLE_TREES), probability=True),
    )


def _fit_support(sets: Sequence[tuple[AskedSet, Sequence[Asked]]]) -> Any:
    asked = [(a, 1 / len(each.asked)) for each, chosen in sets for a in chosen]
    return _fit(
        np.concatenate([a.matrix for a, _ in asked]),
        np.concatenate([a.labels for a, _ in asked]),
        np.concatenate([np.full(len(a.labels), weight) for a, weight in asked]),
        SUPPORT_FEATURES,
        SUPPORT_TREES,
    )


def _fit(
    matrix: npt.NDArray[np.float32],
    labels: npt.NDArray[Any],
    weights: npt.NDArray[np.float64],
    features: Sequence[str],
    trees: int,
) -> Any:
    try:
        import lightgbm
    except (ImportError, OSError) as problem:  # OSError: without OpenMP's library (libgomp)
        raise ConfigurationError(f"Training needs LightGBM: {problem}.", hint="install kgqa[models].") from None
    data = lightgbm.Dataset(matrix, label=labels, weight=weights / weights.mean(), feature_name=list(features))
    return lightgbm.train(dict(PARAMETERS), data, num_boost_round=trees)


def _card(sets: Sequence[AskedSet], features: Sequence[str], trees: int) -> Mapping[str, object]:
    return {
        "features": list(features),
        "trees": trees,
        "parameters": dict(PARAMETERS),
        "trained_on": {each.name: len(each.asked) // 2 for each in sets},
        "families": sorted({each.family for each in sets}),
    }
