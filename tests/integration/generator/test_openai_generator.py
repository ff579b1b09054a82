"""The generator's client against a local server that speaks the chat-completions stream, well and badly."""

from __future__ import annotations

import json
import time
from contextlib import closing
from http.server import BaseHTTPRequestHandler

import pytest

from kgqa.adapters.models.generator import OpenAIGenerator
from kgqa.errors import DependencyUnavailable, ModelOutputError
from tests.integration.generator.endpoint import Request, Write, listening


def _event(content: str | None, finish: str | None = None) -> bytes:
    delta = {} if content is None else {"content": content}
    chunk = {
        "id": "1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "stub",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }
    return b"data: " + json.dumps(chunk, ensure_ascii=False).encode() + b"\n\n"


def _stream(*parts: bytes, pause_seconds: float = 0.0) -> Write:
    def write(handler: BaseHTTPRequestHandler, _: Request) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.end_headers()
        for part in parts:
            handler.wfile.write(part)
            handler.wfile.flush()
            time.sleep(pause_seconds)

    return write


def _refuse(handler: BaseHTTPRequestHandler, _: Request) -> None:
    handler.send_response(503)
    handler.end_headers()


def _pieces(write: Write, timeout_seconds: float = 5) -> tuple[list[str], list[Request]]:
    with listening(write) as (url, requests):
        generator = OpenAIGenerator(url, "stub", "secret", timeout_seconds)
        with closing(generator):
            return list(generator.stream("the prompt", max_tokens=50)), requests


GOOD = (_event("Kestrel "), _event("Säls"), _event(None, "stop"), b"data: [DONE]\n\n")


def test_pieces_arrive_as_sent_and_the_request_says_what_was_asked():
    pieces, requests = _pieces(_stream(*GOOD))
    assert pieces == ["Kestrel ", "Säls"]
    (request,) = requests
    assert request["path"] == "/v1/chat/completions"
    assert request["key"] == "Bearer secret"
    assert request["stream"] is True
    assert request["max_tokens"] == 50
    assert request["messages"] == [{"role": "user", "content": "the prompt"}]


def test_the_first_piece_arrives_before_the_last_is_sent():
    with listening(_stream(*GOOD, pause_seconds=0.3)) as (url, _), closing(OpenAIGenerator(url, "stub")) as generator:
        started = time.monotonic()
        stream = generator.stream("x", max_tokens=5)
        assert next(stream) == "Kestrel "
        assert time.monotonic() - started < 0.3 * len(GOOD)
        assert list(stream) == ["Säls"]


@pytest.mark.parametrize(
    "write",
    [
        _stream(_event("Kestrel ")),
        _stream(_event("Kestrel "), b"data: {not json}\n\n"),
        _stream(b"<html>a proxy's login page</html>"),
        _stream(b"data: [1, 2]\n\n", b"data: [DONE]\n\n"),
        _stream(b'data: {"error": {"message": "out of memory"}}\n\n'),
        _stream(b'data: {"choices": [{"index": 0}]}\n\n', b"data: [DONE]\n\n"),
        _stream(b'data: {"choices": "none"}\n\n', b"data: [DONE]\n\n"),
    ],
    ids=["cut", "not json", "html", "a list", "error", "no delta", "text for choices"],
)
def test_a_reply_that_is_no_finished_stream_is_a_model_output_error(write):
    with pytest.raises(ModelOutputError):
        _pieces(write)


def test_silence_is_unavailable_after_the_timeout():
    with pytest.raises(DependencyUnavailable):
        _pieces(_stream(_event("a"), _event("b"), pause_seconds=1.0), timeout_seconds=0.2)


def test_a_refusal_is_unavailable_and_not_retried():
    with listening(_refuse) as (url, requests), closing(OpenAIGenerator(url, "stub")) as generator:
        with pytest.raises(DependencyUnavailable, match="503"):
            list(generator.stream("x", max_tokens=5))
        assert len(requests) == 1


def test_nobody_listening_is_unavailable():
    generator = OpenAIGenerator("http://127.0.0.1:9/v1", "stub", timeout_seconds=2)
    with closing(generator), pytest.raises(DependencyUnavailable):
        list(generator.stream("x", max_tokens=5))
