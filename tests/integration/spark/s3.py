"""A server of the S3 protocol on loopback, with one bucket, that remembers which objects were fetched."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Generator
from contextlib import contextmanager

import httpx
import s3fs
from moto.server import ThreadedMotoServer

BUCKET = "lakes"
KEY, SECRET = "AKIAEXAMPLE", "not-a-secret-of-anybody"
_REQUEST = re.compile(r'"(GET|HEAD) /([^ ?]*)(\?[^ ]*)? HTTP')


class Bucket:
    """A bucket and its server."""

    def __init__(self, port: int) -> None:
        self.endpoint = f"http://127.0.0.1:{port}"
        self.fetched: list[str] = []
        httpx.post(f"{self.endpoint}/moto-api/reset").raise_for_status()
        self.refuse_after("inf")
        self.options = {"endpoint_url": self.endpoint, "key": KEY, "secret": SECRET}
        self.files = s3fs.S3FileSystem(**self.options, skip_instance_cache=True)
        self.files.mkdir(BUCKET)

    def put(self, key: str, text: str) -> None:
        self.files.pipe_file(f"{BUCKET}/{key}", text.encode())

    def remove(self, key: str) -> None:
        self.files.rm_file(f"{BUCKET}/{key}")

    def setting(self, **more: object) -> str:
        """KGQA_LAKES__OPTIONS for this server."""
        return json.dumps({"s3": {**self.options, **more}})

    def refuse_after(self, requests: str) -> None:
        """After so many requests the server checks credentials, and knows none."""
        httpx.post(f"{self.endpoint}/moto-api/reset-auth", content=requests).raise_for_status()

    def forget(self) -> list[str]:
        """Objects that were fetched since the last time, in order."""
        fetched, self.fetched[:] = sorted(self.fetched), []
        return fetched


@contextmanager
def bucket() -> Generator[Bucket]:
    """The bucket, until the block ends."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    requests = logging.getLogger("werkzeug")
    level = requests.level
    server.start()
    _, port = server.get_host_and_port()
    made = Bucket(port)

    class Watching(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found = _REQUEST.search(record.getMessage())
            if found and found[1] == "GET" and found[2].startswith(f"{BUCKET}/") and not found[2].endswith("/"):
                made.fetched.append(found[2].removeprefix(f"{BUCKET}/"))

    watching = Watching()
    requests.setLevel(logging.INFO)
    requests.addHandler(watching)
    try:
        yield made
    finally:
        requests.removeHandler(watching)
        requests.setLevel(level)
        server.stop()
