"""Operations that ask for too much are refused before they cost anything."""

from __future__ import annotations

import time

import pytest
from graphql import build_schema, parse, validate

from api.graphql.limits import OperationLimits, limits_rule

SCHEMA = build_schema("type Query { x: Query, s: String, many(first: Int, after: String): Query }")


def excesses(document: str, *, introspection: bool = False, **limits: int) -> set[str]:
    """Which limits an operation exceeds."""
    rule = limits_rule(OperationLimits(**limits), introspection=introspection)
    found = [e for e in validate(SCHEMA, parse(document), [rule]) if e.extensions]
    assert all(e.extensions == {"code": "OPERATION_TOO_COMPLEX"} for e in found)
    return {e.message.removeprefix("The operation's ").split(" exceeds")[0].rpartition(" ")[0] for e in found}


def bomb(fragments: int) -> str:
    """Fragments that each spread the next one twice: 2^n fields."""
    steps = [f"fragment f{n} on Query {{ a: x {{ ...f{n + 1} }} b: x {{ ...f{n + 1} }} }}" for n in range(fragments)]
    return "{ ...f0 }" + " ".join(steps) + f" fragment f{fragments} on Query {{ s }}"


@pytest.mark.parametrize("fragments", [20, 100])
def test_a_fragment_bomb_is_refused_fast(fragments: int) -> None:
    document = parse(bomb(fragments))
    rule = limits_rule(OperationLimits(), introspection=False)
    started = time.perf_counter()
    errors = validate(SCHEMA, document, [rule])
    seconds = time.perf_counter() - started
    assert {"fields", "aliases", "depth"} <= {word for e in errors for word in e.message.split()}
    assert seconds < 0.5


def test_a_fragment_inside_itself_is_measured_once() -> None:
    assert excesses("{ ...a } fragment a on Query { x { ...b } } fragment b on Query { x { ...a } }") == set()


@pytest.mark.parametrize(
    ("document", "limit"),
    [
        ("{ x { x { x { s } } } }", {"depth": 3}),
        ("{ s s s s }", {"fields": 3}),
        ("{ a: s b: s c: s }", {"aliases": 2}),
        ("{ s @skip(if: true) s @skip(if: true) }", {"directives": 1}),
        ("{ a: s b: s c: s }", {"root_fields": 2}),
        ("{ many(first: 50) { x { s } } }", {"cost": 50}),
        ("query ($n: Int) { many(first: $n) { x { s } } }", {"cost": 100}),
        ("{ ...f ...f } fragment f on Query { many(first: 50) { x { s } } }", {"cost": 100}),
        ("subscription { x { x { s } } }", {"depth": 2}),
    ],
)
def test_each_limit_refuses_what_is_above_it_and_nothing_else(document: str, limit: dict[str, int]) -> None:
    (name,) = limit
    assert excesses(document, **limit) == {name.replace("_", " ")}
    assert excesses(document, **{name: limit[name] + 2}) == set()


def test_introspection_is_measured_where_it_is_not_allowed() -> None:
    document = "{ __schema { types { fields { type { ofType { name } } } } } }"
    assert excesses(document, depth=3) == {"depth"}
    assert excesses(document, introspection=True, depth=3) == set()
