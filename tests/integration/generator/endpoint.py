"""A local server that speaks chat completions, as it is told to."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

#: the body of a request, with its path and key
Request = dict[str, Any]
#: from the body of a request: (status, body of the reply)
Reply = Callable[[Request], tuple[int, bytes]]
#: writes the reply to a request
Write = Callable[[BaseHTTPRequestHandler, Request], None]


def completion(content: object, finish: str = "stop") -> tuple[int, bytes]:
    choice = {"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": content}}
    said = {"id": "1", "object": "chat.completion", "created": 1, "model": "stub", "choices": [choice]}
    return 200, json.dumps(said).encode()


def text_of(request: Request) -> str:
    return str(request["messages"][0]["content"]).split("\n-----\n")[1]


def shout(request: Request) -> tuple[int, bytes]:
    return completion(text_of(request).upper())


@contextmanager
def serving(reply: Reply) -> Iterator[tuple[str, list[Request]]]:
    """Base URL of a server that gives whole replies, and the requests that it got."""

    def write(handler: BaseHTTPRequestHandler, request: Request) -> None:
        status, said = reply(request)
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(said)))
        handler.end_headers()
        handler.wfile.write(said)

    with listening(write) as found:
        yield found


@contextmanager
def listening(write: Write) -> Iterator[tuple[str, list[Request]]]:
    """The same, of a server that writes its replies itself."""
    requests: list[Request] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            requests.append({"path": self.path, "key": self.headers["Authorization"], **body})
            try:
                write(self, body)
            except (BrokenPipeError, ConnectionResetError):
                return  # the client gave up first

        def log_message(self, format: str, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1", requests
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
