"""Errors across process borders."""

from __future__ import annotations

import copy

import pytest

from kgqa.errors import ConfigurationError, DependencyUnavailable, GenerationMoved, KgqaError, error_of


@pytest.mark.parametrize("kind", [KgqaError, ConfigurationError, DependencyUnavailable, GenerationMoved])
def test_an_error_is_the_same_on_the_other_side(kind: type[KgqaError]) -> None:
    problem = kind("It did not work.", hint="try again.")
    for other in (error_of(problem.code, problem.message, problem.hint), copy.copy(problem)):
        assert type(other) is kind
        assert (str(other), other.retryable) == (str(problem), kind.retryable)


def test_an_unknown_code_is_an_internal_error() -> None:
    assert type(error_of("NEVER_HEARD_OF", "It did not work.", None)) is KgqaError
