"""The final order of chunks: the base's first, then what the ranker says, the walk, and the rest of the base."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from kgqa.ask.retrieve import Candidate, same_language
from kgqa.model.answer import AskOptions, Question

#: how a mode orders without a walk
_SINGLE = {"keyword", "vector"}


def fuse(
    question: Question,
    base: Sequence[Candidate],
    walked: Mapping[int, float],
    learned: Mapping[int, float],
    options: AskOptions,
) -> tuple[int, ...]:
    """Chunk ids, best first, without repeats. Scores of the walk and of the ranker may be empty."""
    if options.mode in _SINGLE:
        return _by_one_score(base, options.mode)
    order = [c.chunk_id for c in base]
    if (walked or learned) and not (options.gate and not question.name_ids):
        pinned = order[:1] if options.pin_first and base and same_language(question.language, base[0].language) else []
        order = [*pinned, *_by(learned), *_by(walked), *order]
    return tuple(dict.fromkeys(order))


def settle(chunk_ids: Sequence[int], scores: npt.NDArray[np.float32], *, tied: bool) -> dict[int, float]:
    """What the ranker says of the candidates, which come best base score first.

    Where nothing ties them together the ranker knows little more than the base, and both have an equal say: the
    product of both ranks.
    """
    if tied:
        return dict(zip(chunk_ids, scores.tolist(), strict=True))
    places = np.empty(len(scores))
    places[np.argsort(-scores, kind="stable")] = np.arange(1, len(scores) + 1)
    base = np.arange(1, len(scores) + 1)
    # of equals, the base's better one
    return dict(zip(chunk_ids, (-np.log(places * base) - 1e-9 * base).tolist(), strict=True))


def _by(scores: Mapping[int, float]) -> list[int]:
    return sorted(scores, key=lambda chunk: (-scores[chunk], chunk))


def _by_one_score(base: Sequence[Candidate], mode: str) -> tuple[int, ...]:
    value = {c.chunk_id: c.keyword if mode == "keyword" else c.vector for c in base}
    found = [c for c in value if value[c] > 0 or mode == "vector"]
    return tuple(sorted(found, key=lambda chunk: (-value[chunk], chunk)))
