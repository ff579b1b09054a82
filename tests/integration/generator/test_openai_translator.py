"""The translator's client against a local server that speaks chat completions, well and badly."""

from __future__ import annotations

import threading
from contextlib import closing
from typing import Any

import pytest

from kgqa.adapters.models.openai_translator import OpenAITranslator
from kgqa.errors import DependencyUnavailable, KgqaError, ModelOutputError
from tests.integration.generator.endpoint import completion, serving, shout, text_of


def translate(url: str, *texts: str, timeout_seconds: float = 5) -> list[str | KgqaError]:
    with closing(OpenAITranslator(url, "stub", "secret", timeout_seconds)) as translator:
        return list(translator.translate(texts, source="es", target="en"))


def test_each_text_is_one_request_and_answers_come_in_order() -> None:
    texts = [f"texto {n} {{source}} [PERSON:7f3a9c12ab34]" for n in range(12)]
    with serving(shout) as (url, requests):
        assert translate(url, *texts) == [text.upper() for text in texts]
    assert {r["path"] for r in requests} == {"/v1/chat/completions"}
    assert {(r["key"], r["model"], r["temperature"]) for r in requests} == {("Bearer secret", "stub", 0)}
    prompt = requests[0]["messages"][0]["content"]
    assert "from Spanish into English" in prompt.replace("\n", " ")


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (completion("half of it", "length"), ModelOutputError),
        (completion(None), ModelOutputError),
        ((200, b"{}"), ModelOutputError),
        ((200, b"no JSON"), ModelOutputError),
        ((200, b'{"choices": [null]}'), ModelOutputError),
        ((400, b"{}"), ModelOutputError),
        ((413, b"{}"), ModelOutputError),
        ((404, b"{}"), DependencyUnavailable),
        ((503, b"{}"), DependencyUnavailable),
    ],
)
def test_a_reply_that_is_no_translation_is_a_failure_of_that_text(reply: tuple[int, bytes], kind: type) -> None:
    with serving(lambda request: reply if "malo" in text_of(request) else shout(request)) as (url, _):
        fine, failed = translate(url, "bueno", "malo")
    assert fine == "BUENO"
    assert type(failed) is kind


def test_an_endpoint_that_is_away_is_asked_a_few_times_and_not_for_every_text() -> None:
    with serving(lambda _: (503, b"{}")) as (url, requests):
        found = translate(url, *(f"texto {n}" for n in range(40)))
    assert all(isinstance(problem, DependencyUnavailable) for problem in found)
    assert len(requests) <= 2 * 4
    assert "KGQA_TRANSLATION__URL" in str(found[0])


def test_an_endpoint_that_does_not_answer_in_time_is_an_outage() -> None:
    wait = threading.Event()

    def late(_: dict[str, Any]) -> tuple[int, bytes]:
        wait.wait(3)
        return completion("late")

    with serving(late) as (url, _):
        (found,) = translate(url, "uno", timeout_seconds=0.2)
        wait.set()
    assert isinstance(found, DependencyUnavailable)
    assert found.retryable
