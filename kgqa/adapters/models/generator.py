"""A language model behind an OpenAI-compatible endpoint, streamed (`POST {url}/chat/completions`)."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator
from contextlib import contextmanager

import openai
from openai.types.chat.chat_completion_chunk import Choice

from kgqa.errors import DependencyUnavailable, ModelOutputError


@contextmanager
def endpoint_errors(role: str, hint: str) -> Generator[None]:
    """What the client library raises, in our words: `DependencyUnavailable` or `ModelOutputError`."""
    try:
        yield
    except openai.APIConnectionError as problem:  # also time-outs
        raise DependencyUnavailable(f"The {role} does not answer: {problem}") from problem
    except openai.APIStatusError as problem:
        raise DependencyUnavailable(f"The {role} refused with status {problem.status_code}.", hint=hint) from problem
    except (openai.APIError, json.JSONDecodeError, UnicodeDecodeError) as problem:
        raise ModelOutputError(f"The {role}'s reply is not a chat completion.") from problem


class OpenAIGenerator:
    """Implements `ports.Generator`. One try per answer: the caller falls back to an extractive answer."""

    def __init__(self, base_url: str, model: str, api_key: str = "", timeout_seconds: float = 60) -> None:
        self.model = model
        self._client = openai.OpenAI(
            base_url=base_url, api_key=api_key or "none", timeout=timeout_seconds, max_retries=0
        )

    def stream(self, prompt: str, *, max_tokens: int) -> Iterator[str]:
        """Pieces of the reply. Raises `ModelOutputError` (malformed, cut) or `DependencyUnavailable`."""
        with endpoint_errors("generator", "check KGQA_MODELS__GENERATOR_URL, the model's name and the key."):
            yield from self._pieces(prompt, max_tokens)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _pieces(self, prompt: str, max_tokens: int) -> Iterator[str]:
        finished = False
        with self._client.chat.completions.create(
            model=self.model,
            messages=[{"role": "user", "content": prompt}],
            max_tokens=max_tokens,
            temperature=0,
            stream=True,
        ) as stream:
            for event in stream:
                choice = _first_choice(event)
                if choice is None:
                    continue
                content: object = getattr(choice.delta, "content", None)
                if isinstance(content, str) and content:
                    yield content
                finished = finished or choice.finish_reason is not None
        if not finished:
            raise ModelOutputError("The generator's reply ended in the middle.")


def _first_choice(event: object) -> Choice | None:
    """The first choice of an event. Servers may send anything; the client library does not check what it parses."""
    choices: object = getattr(event, "choices", None)
    first: object = choices[0] if isinstance(choices, list) and choices else None
    return first if isinstance(first, Choice) else None
