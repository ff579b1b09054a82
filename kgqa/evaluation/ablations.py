"""Every stage of the ranking switched off in turn, as options of the ask path."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from kgqa.errors import InvalidInput
from kgqa.model.answer import AskOptions

#: what is different from the full configuration
ABLATIONS: Mapping[str, Mapping[str, Any]] = {
    "no keyword list": {"keyword_weight": 0.0},
    "no chunk vectors": {"vector_weight": 0.0},
    "no sentence vectors": {"sentence_weight": 0.0},
    "no vectors at all": {"vector_weight": 0.0, "sentence_weight": 0.0},
    "no names of the question": {"question_name_weight": 0.0},
    "no names of close sentences": {"sentence_name_weight": 0.0},
    "no title edge": {"title_weight": 0.0},
    "no walk": {"walk_steps": 0},
    "one step of the walk": {"walk_steps": 1},
    "no learned ranker": {"ranked_depth": 0},
    "no walk, no learned ranker": {"mode": "fused"},
    "no pinned first chunk": {"pin_first": False},
    "gate: base order without names": {"gate": True},
    "shallow lists (20)": {"list_depth": 20},
    "blunt seeds (temperature 0.5)": {"seed_temperature": 0.5},
    "ranker sees 10": {"ranked_depth": 10},
}


def ablated(names: Sequence[str] = (), full: AskOptions | None = None) -> dict[str, AskOptions]:
    """Options of these ablations; of all, where none is named. Raises `InvalidInput` for an unknown one."""
    if unknown := [name for name in names if name not in ABLATIONS]:
        raise InvalidInput(
            f"There is no ablation {', '.join(map(repr, unknown))}.", hint=f"ablations: {'; '.join(ABLATIONS)}"
        )
    full = full or AskOptions()
    return {name: replace(full, **ABLATIONS[name]) for name in names or ABLATIONS}
