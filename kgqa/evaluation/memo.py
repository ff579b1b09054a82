"""Ports that remember what they read for one question, so that many configurations can be asked about it.

Only evaluation uses this: what is timed is a question that nothing is remembered for.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

import numpy as np

from kgqa.ask.personal import QuestionMask
from kgqa.ask.rank import RankServices
from kgqa.model.answer import View
from kgqa.ports import Embedder, Extractor, GraphStore, Ranker, SearchIndex

P = TypeVar("P")

#: reads of some chunks (second argument) that are the same whatever others are read with them: as a mapping by chunk,
#: and as rows by chunk id
_BY_CHUNK = frozenset({"document_keys", "sentence_scores"})
_ROWS_BY_CHUNK = frozenset({"mentions", "scores"})


@dataclass(slots=True)
class Memo:
    """What was read, by port, method and arguments."""

    _known: dict[Hashable, Any] = field(default_factory=dict[Hashable, Any])

    def forget(self) -> None:
        """As before the first read."""
        self._known.clear()

    def over(self, port: P) -> P:
        """The port, but a call that was made before gives what it gave then. Results must not be changed."""
        return cast("P", _Remembering(port, self._known))


@dataclass(frozen=True, slots=True, kw_only=True)
class RememberedServices:
    """`RankServices` over ports that remember; the ranker is asked again."""

    memo: Memo
    index: SearchIndex
    graph: GraphStore
    embedder: Embedder
    extractor: Extractor
    ranker: Ranker | None
    personal: QuestionMask | None

    @staticmethod
    def of(services: RankServices) -> RememberedServices:
        """Nothing is remembered yet."""
        memo = Memo()
        return RememberedServices(
            memo=memo,
            index=memo.over(services.index),
            graph=memo.over(services.graph),
            embedder=memo.over(services.embedder),
            extractor=memo.over(services.extractor),
            ranker=services.ranker,
            personal=services.personal,
        )


class _Remembering:
    """Stands before a port; every method is remembered by what it is given."""

    def __init__(self, port: object, known: dict[Hashable, Any]) -> None:
        self._port = port
        self._known = known

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._port, name)
        if not callable(value):
            return value
        return self._of_chunks(name, value) if name in _BY_CHUNK | _ROWS_BY_CHUNK else self._remembered(name, value)

    def _of_chunks(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(view: View, chunk_ids: Sequence[int], *given: object, **named: object) -> Any:
            known: dict[int, Any] = self._known.setdefault(self._key(name, (view, *given), named), {})
            missing = [chunk for chunk in chunk_ids if chunk not in known]
            if missing:
                known.update(_split(method(view, missing, *given, **named), missing))
            found = {chunk: known[chunk] for chunk in sorted(set(chunk_ids)) if known[chunk] is not None}
            return found if name in _BY_CHUNK else [row for rows in found.values() for row in rows]

        return call

    def _remembered(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: object, **named: object) -> Any:
            key = self._key(name, given, named)
            if key not in self._known:
                self._known[key] = method(*given, **named)
            return self._known[key]

        return call

    def _key(self, name: str, given: tuple[object, ...], named: Mapping[str, object]) -> Hashable:
        return id(self._port), name, _key(given), tuple((k, _key(v)) for k, v in sorted(named.items()))


def _split(found: Any, chunk_ids: Sequence[int]) -> dict[int, Any]:
    """What was found by chunk; None or no rows where there was nothing."""
    if isinstance(found, Mapping):
        return {chunk: found.get(chunk) for chunk in chunk_ids}
    rows: dict[int, list[Any]] = {chunk: [] for chunk in chunk_ids}
    for row in found:
        rows[row.chunk_id].append(row)
    return rows


def _key(value: object) -> Hashable:
    if isinstance(value, np.ndarray):
        return value.shape, value.tobytes()
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return tuple(map(_key, cast("Sequence[object]", value)))
    return cast("Hashable", value)
