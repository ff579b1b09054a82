"""What one operation may ask for: depth, fields, aliases, directives, root fields and cost, in one pass.

Every fragment is measured once and remembered, and counters saturate, so that the check is linear in the document
where fragments that spread each other twice would be exponential to expand. Cost counts objects: a field with
`first: n` costs n times what is below it; a variable counts as the largest page.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from graphql import GraphQLError, ValidationContext, ValidationRule
from graphql.language import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

OPERATION_TOO_COMPLEX = "OPERATION_TOO_COMPLEX"
LARGEST_PAGE = 100
_SATURATED = 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationLimits:
    """The most that one operation may ask for."""

    depth: int = 12
    fields: int = 500
    aliases: int = 30
    directives: int = 20
    root_fields: int = 10
    #: objects
    cost: int = 5_000
    #: tokens of the document
    tokens: int = 2_000
    #: characters of the document
    characters: int = 16_384


@dataclass(slots=True)
class _Size:
    depth: int = 0
    fields: int = 0
    aliases: int = 0
    directives: int = 0
    cost: int = 0

    def add(self, other: _Size, *, deeper: int = 0, times: int = 1) -> None:
        """Take in a part that stands `deeper` below and comes `times` often."""
        self.depth = max(self.depth, other.depth + deeper)
        self.fields = min(self.fields + other.fields, _SATURATED)
        self.aliases = min(self.aliases + other.aliases, _SATURATED)
        self.directives = min(self.directives + other.directives, _SATURATED)
        self.cost = min(self.cost + times * other.cost, _SATURATED)


class _Measure:
    """Sizes of selection sets; each fragment is walked once, a fragment inside itself counts nothing."""

    def __init__(self, fragments: Iterable[FragmentDefinitionNode]) -> None:
        self._fragments = {fragment.name.value: fragment for fragment in fragments}
        self._known: dict[str, _Size] = {}
        self._open: set[str] = set()

    def selection(self, selections: SelectionSetNode | None) -> _Size:
        size = _Size()
        for node in selections.selections if selections else ():
            size.directives += len(node.directives or ())
            if isinstance(node, FieldNode):
                self._field(node, size)
            elif isinstance(node, InlineFragmentNode):
                size.add(self.selection(node.selection_set))
            elif isinstance(node, FragmentSpreadNode):
                size.add(self._fragment(node.name.value))
        return size

    def _field(self, node: FieldNode, size: _Size) -> None:
        below = self.selection(node.selection_set)
        below.fields += 1
        below.aliases += node.alias is not None
        size.add(below, deeper=1, times=_page(node))
        size.cost += node.selection_set is not None

    def _fragment(self, name: str) -> _Size:
        if name not in self._known:
            if name in self._open or name not in self._fragments:
                return _Size()
            self._open.add(name)
            self._known[name] = self.selection(self._fragments[name].selection_set)
            self._open.discard(name)
        return self._known[name]


def _page(node: FieldNode) -> int:
    for argument in node.arguments or ():
        if argument.name.value == "first":
            given = argument.value
            return min(int(given.value), _SATURATED) if isinstance(given, IntValueNode) else LARGEST_PAGE
    return 1


def limits_rule(limits: OperationLimits, *, introspection: bool) -> type[ValidationRule]:
    """A rule that refuses larger operations; with `introspection`, `__schema` and `__type` are not measured."""

    class WithinLimits(ValidationRule):
        def __init__(self, context: ValidationContext) -> None:
            super().__init__(context)
            definitions = context.document.definitions
            measure = _Measure(d for d in definitions if isinstance(d, FragmentDefinitionNode))
            for operation in definitions:
                if isinstance(operation, OperationDefinitionNode):
                    for problem in _excesses(operation, measure, limits, introspection=introspection):
                        context.report_error(
                            GraphQLError(problem, nodes=operation, extensions={"code": OPERATION_TOO_COMPLEX})
                        )

    return WithinLimits


def _excesses(
    operation: OperationDefinitionNode, measure: _Measure, limits: OperationLimits, *, introspection: bool
) -> Sequence[str]:
    root = operation.selection_set
    asked = tuple(node for node in root.selections if not (introspection and _is_introspection(node)))
    size = measure.selection(SelectionSetNode(selections=asked))
    rows = (
        ("depth", size.depth, limits.depth),
        ("fields", size.fields, limits.fields),
        ("aliases", size.aliases, limits.aliases),
        ("directives", size.directives, limits.directives),
        ("cost", size.cost, limits.cost),
        ("root fields", len(root.selections), limits.root_fields),
    )
    return [f"The operation's {name} {value} exceeds the limit {most}." for name, value, most in rows if value > most]


def _is_introspection(node: object) -> bool:
    return isinstance(node, FieldNode) and node.name.value in ("__schema", "__type")
