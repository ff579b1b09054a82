"""What the projection says: the neighbourhood that a walk needs, and how much there is of everything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True, kw_only=True)
class Subgraph:
    """The bounded neighbourhood of some seeds, as parallel arrays: a row per chunk-name edge that the view may see."""

    chunk_ids: npt.NDArray[np.int64]
    name_ids: npt.NDArray[np.int64]
    #: how often the chunk mentions the name
    counts: npt.NDArray[np.int32]
    is_title: npt.NDArray[np.bool_]
    #: labels for display
    norms: Mapping[int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphCounts:
    """How much is in the projection."""

    nodes: Mapping[str, int]
    relationships: Mapping[str, int]
