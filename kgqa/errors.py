"""Every failure a caller can see, as one tree.

    KgqaError
    +-- InvalidInput            the request or document is wrong; change it
    +-- NotFound                no such thing, or not yours to see (the two look the same)
    +-- Conflict                somebody else changed it, or holds it
    |   +-- GenerationMoved     another index generation became active meanwhile; retry
    +-- LimitExceeded           larger, longer or slower than a configured limit
    +-- ConfigurationError      the operator has to change a setting or install something
    +-- ModelOutputError        a model answered, but not with something usable
    +-- DependencyUnavailable   a server or model does not answer; retry

Classes say who must act. They know nothing of HTTP, GraphQL or Celery: each entry point has one table.
"""

from __future__ import annotations


class KgqaError(Exception):
    """Something went wrong in kgqa."""

    code: str = "INTERNAL"
    retryable: bool = False

    def __init__(self, message: str | None = None, *, hint: str | None = None) -> None:
        self.message = message or (self.__doc__ or "").splitlines()[0]
        self.hint = hint
        super().__init__(self.message)

    def __str__(self) -> str:
        return f"{self.message}\nhint: {self.hint}" if self.hint else self.message

    def __reduce__(self) -> tuple[object, ...]:
        # Errors cross process borders (Spark and Celery workers pickle them); keyword arguments need help.
        return (_rebuild, (type(self), self.message, self.hint))


def error_of(code: str, message: str, hint: str | None) -> KgqaError:
    """The error that another process has written down; an unknown code is an internal error."""
    kinds: list[type[KgqaError]] = [KgqaError]
    for kind in kinds:
        kinds += kind.__subclasses__()
    return next((kind for kind in kinds if kind.code == code), KgqaError)(message, hint=hint)


def _rebuild(kind: type[KgqaError], message: str, hint: str | None) -> KgqaError:
    return kind(message, hint=hint)


class InvalidInput(KgqaError):
    """The request or document is not valid."""

    code = "INVALID_INPUT"


class NotFound(KgqaError):
    """There is no such thing, or it is not visible to you."""

    code = "NOT_FOUND"


class Conflict(KgqaError):
    """The thing was changed or is held by somebody else."""

    code = "CONFLICT"


class GenerationMoved(Conflict):
    """Another index generation became active meanwhile."""

    code = "GENERATION_MOVED"
    retryable = True


class LimitExceeded(KgqaError):
    """A configured limit was exceeded."""

    code = "LIMIT_EXCEEDED"


class ConfigurationError(KgqaError):
    """The configuration is wrong or incomplete."""

    code = "CONFIGURATION"


class ModelOutputError(KgqaError):
    """A model answered with something that cannot be used."""

    code = "MODEL_OUTPUT"


class DependencyUnavailable(KgqaError):
    """A server or model that is needed does not answer."""

    code = "DEPENDENCY_UNAVAILABLE"
    retryable = True
