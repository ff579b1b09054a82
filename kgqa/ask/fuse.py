"""The final order of chunks: what the walk says, with the base's first chunk kept and the rest of the base behind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kgqa.ask.retrieve import Candidate, same_language
from kgqa.model.answer import AskOptions, Question

#: how a mode orders without a walk
_SINGLE = {"keyword", "vector"}


def fuse(
    question: Question, base: Sequence[Candidate], scores: Mapping[int, float], options: AskOptions
) -> tuple[int, ...]:
    """Chunk ids, best first, without repeats. `scores` of the walk are empty in modes without one."""
    if options.mode in _SINGLE:
        return _by_one_score(base, options.mode)
    order = [c.chunk_id for c in base]
    if scores and not (options.gate and not question.name_ids):
        walked = sorted(scores, key=lambda chunk: (-scores[chunk], chunk))
        pinned = order[:1] if options.pin_first and base and same_language(question.language, base[0].language) else []
        order = [*pinned, *walked, *order]
    return tuple(dict.fromkeys(order))


def _by_one_score(base: Sequence[Candidate], mode: str) -> tuple[int, ...]:
    value = {c.chunk_id: c.keyword if mode == "keyword" else c.vector for c in base}
    found = [c for c in value if value[c] > 0 or mode == "vector"]
    return tuple(sorted(found, key=lambda chunk: (-value[chunk], chunk)))
