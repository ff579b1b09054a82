"""Training the ranker on judged questions: LambdaRank over trees.

Burges, "From RankNet to LambdaRank to LambdaMART" (MSR-TR-2010-82), by LightGBM. Every data set weighs the same,
however many questions it has. The features are those of `kgqa.ask.features`, collected through the ordinary ask path.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper

from kgqa.adapters.models.trees import CARD
from kgqa.ask.features import FEATURES
from kgqa.ask.rank import RankServices, rank
from kgqa.errors import ConfigurationError
from kgqa.evaluation.datasets import Dataset
from kgqa.model.answer import AskOptions, View

#: LightGBM's parameters: small trees, so that a hundred questions are enough
PARAMETERS: Mapping[str, object] = {
    "objective": "lambdarank", "num_leaves": 15, "learning_rate": 0.05, "min_data_in_leaf": 30,
    "feature_fraction": 0.7, "lambda_l2": 5.0, "lambdarank_truncation_level": 10, "deterministic": True,
    "num_threads": 1, "verbosity": -1,
}  # fmt: skip
TREES = 150
#: a model is the mean of one for each: with a hundred questions of a family, one alone depends on its seed
SEEDS = (7, 8, 9)
_OPSET = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Candidates of the questions of one data set, with what the judgements say of them."""

    name: str
    #: (candidates of all questions, len(FEATURES))
    matrix: npt.NDArray[np.float32]
    #: 1 for chunks of gold documents
    labels: npt.NDArray[np.int32]
    #: candidates of each question, in order
    sizes: npt.NDArray[np.int32]
    #: what else was in the collection; empty: the set was alone
    among: str = ""

    @property
    def title(self) -> str:
        """What its questions were and where they were asked."""
        return f"{self.name} ({self.among})" if self.among else self.name

    @property
    def family(self) -> str:
        """What the name starts with: sets of one family share their kind of questions."""
        return family_of(self.name)


def family_of(name: str) -> str:
    """`2wiki-51` and `2wiki-train-500` are of the family `2wiki`."""
    return name.split("-")[0]


class Watching:
    """A ranker that leaves the order to the walk: for questions that are asked to see the features."""

    features = FEATURES

    def score(self, matrix: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Nothing is better than anything else."""
        return np.zeros(len(matrix), np.float32)


def collect(
    dataset: Dataset, view: View, services: RankServices, options: AskOptions, limit: int, *, among: str = ""
) -> Judged:
    """Ask the first questions; only those with a right and a wrong candidate teach anything.

    `among` names what else is in the collection, where the set is not alone.
    """
    matrices: list[npt.NDArray[np.float32]] = []
    labels: list[npt.NDArray[np.int32]] = []
    for query, text in islice(dataset.queries.items(), limit):
        ranked = rank(text, view, services, options).ranked
        if ranked is None:
            continue
        keys = services.index.document_keys(view, ranked.chunk_ids)
        gold = dataset.gold[query]
        judged = np.array([bool(gold.intersection(keys.get(chunk, ()))) for chunk in ranked.chunk_ids], np.int32)
        if 0 < judged.sum() < len(judged):
            matrices.append(ranked.matrix)
            labels.append(judged)
    return Judged(
        name=dataset.folder.name,
        among=among,
        matrix=np.concatenate(matrices) if matrices else np.empty((0, len(FEATURES)), np.float32),
        labels=np.concatenate(labels) if labels else np.empty(0, np.int32),
        sizes=np.array([len(each) for each in labels], np.int32),
    )


def train(sets: Sequence[Judged], features: Sequence[str] = FEATURES) -> bytes:
    """A model as an ONNX file, with its card. Raises ConfigurationError where LightGBM is not installed."""
    try:
        import lightgbm
    except (ImportError, OSError) as problem:  # OSError: without OpenMP's library (libgomp)
        raise ConfigurationError(f"Training needs LightGBM: {problem}.", hint="install kgqa[models].") from None
    columns = [FEATURES.index(name) for name in features]
    weights = np.concatenate([np.full(len(each.labels), 1 / max(1, len(each.sizes))) for each in sets])
    data = lightgbm.Dataset(
        np.concatenate([each.matrix for each in sets])[:, columns],
        label=np.concatenate([each.labels for each in sets]),
        group=np.concatenate([each.sizes for each in sets]),
        weight=weights / weights.mean(),
        feature_name=list(features),
    )
    boosters = [lightgbm.train({**PARAMETERS, "seed": seed}, data, num_boost_round=TREES) for seed in SEEDS]
    card = {
        "features": list(features),
        "trees": TREES * len(SEEDS),
        "parameters": dict(PARAMETERS),
        "seeds": list(SEEDS),
        "trained_on": {each.title: len(each.sizes) for each in sets},
        "families": sorted({each.family for each in sets}),
        "lightgbm": lightgbm.__version__,
    }
    return to_onnx([cast("Mapping[str, Any]", booster.dump_model()) for booster in boosters], card)


def to_onnx(models: Sequence[Mapping[str, Any]], card: Mapping[str, object], *, probability: bool = False) -> bytes:
    """The mean of LightGBM's models as one TreeEnsembleRegressor; with `probability` through the logistic function."""
    nodes: dict[str, Any] = {
        f"nodes_{name}": []
        for name in ("treeids", "nodeids", "featureids", "modes", "values", "truenodeids", "falsenodeids")
    }
    targets: dict[str, Any] = {f"target_{name}": [] for name in ("treeids", "nodeids", "ids", "weights")}
    for number, tree in enumerate(tree for model in models for tree in model["tree_info"]):
        for identity, node in enumerate(flat := list(_flat(tree["tree_structure"]))):
            inner = "split_feature" in node
            values = {
                "treeids": number,
                "nodeids": identity,
                "featureids": node["split_feature"] if inner else 0,
                "modes": "BRANCH_LEQ" if inner else "LEAF",
                "values": _below(node["threshold"]) if inner else 0.0,
                "truenodeids": _place(flat, node["left_child"]) if inner else 0,
                "falsenodeids": _place(flat, node["right_child"]) if inner else 0,
            }
            for name, value in values.items():
                nodes[f"nodes_{name}"].append(value)
            if not inner:
                for name, value in zip(
                    targets, (number, identity, 0, float(node["leaf_value"]) / len(models)), strict=True
                ):
                    targets[name].append(value)
    attributes: dict[str, Any] = {"n_targets": 1, "aggregate_function": "SUM", "post_transform": "NONE"}
    summed = "sum" if probability else "score"
    layers = [
        helper.make_node(
            "TreeEnsembleRegressor", ["features"], [summed], domain="ai.onnx.ml", **attributes, **nodes, **targets
        )
    ]
    if probability:
        layers.append(helper.make_node("Sigmoid", [summed], ["score"]))
    width = len(cast("list[str]", card["features"]))
    graph = helper.make_graph(
        layers,
        "trees",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, [None, width])],
        [helper.make_tensor_value_info("score", TensorProto.FLOAT, [None, 1])],
    )
    made = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("ai.onnx.ml", _OPSET), helper.make_opsetid("", 18)], ir_version=9
    )
    onnx.checker.check_model(made)
    entry = made.metadata_props.add()
    entry.key, entry.value = CARD, json.dumps(card, sort_keys=True)
    return made.SerializeToString()


def _flat(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield node
    if "split_feature" in node:
        yield from _flat(node["left_child"])
        yield from _flat(node["right_child"])


def _place(nodes: Sequence[Mapping[str, Any]], wanted: Mapping[str, Any]) -> int:
    return next(place for place, node in enumerate(nodes) if node is wanted)


def _below(threshold: float) -> float:
    """The largest 32-bit number that is not above: features are 32-bit, so every comparison comes out the same."""
    near = np.float32(threshold)
    return float(near if float(near) <= threshold else np.nextafter(near, np.float32(-np.inf)))
