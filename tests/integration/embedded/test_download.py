from __future__ import annotations

import hashlib
import io
import random
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from rich.console import Console

from kgqa.embedded.download import Download, download_all
from kgqa.errors import DependencyUnavailable

CONTENT = random.Random(0).randbytes(300_000)


class Repository(ThreadingHTTPServer):
    """A file server on loopback that can cut replies short and ignore ranges."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Replies)
        self.files: dict[str, bytes] = {}
        self.cut_after: list[int] = []
        self.knows_ranges = True
        self.requests: list[tuple[str, str | None]] = []

    def download(self, name: str, target: Path, content: bytes = CONTENT) -> Download:
        url = f"http://127.0.0.1:{self.server_port}/{name}"
        return Download(url=url, target=target, sha256=hashlib.sha256(content).hexdigest(), size=len(content))


class Replies(BaseHTTPRequestHandler):
    server: Repository

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        self.server.requests.append((self.path, wanted))
        content = self.server.files.get(self.path.lstrip("/"))
        if content is None:
            self.send_error(404)
            return
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and self.server.knows_ranges else 0
        body = content[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: self.server.cut_after.pop(0)] if self.server.cut_after else body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def repository() -> Iterator[Repository]:
    with Repository() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def fetch(tmp_path: Path, *wanted: Download) -> None:
    download_all(
        wanted, title="files", lock=tmp_path / "lock", console=Console(file=io.StringIO()), pause_seconds=0.001
    )


def test_many_files_arrive_complete(repository: Repository, tmp_path: Path):
    repository.files = {f"{n}.jar": CONTENT[n:] for n in range(40)}
    wanted = [repository.download(name, tmp_path / name, content) for name, content in repository.files.items()]
    fetch(tmp_path, *wanted)
    assert {file.target.name: file.target.read_bytes() for file in wanted} == repository.files
    assert not list(tmp_path.glob("*.part"))


def test_a_cut_download_goes_on_where_it_stopped(repository: Repository, tmp_path: Path):
    repository.files = {"a.jar": CONTENT}
    repository.cut_after = [100_000, 50_000]
    fetch(tmp_path, repository.download("a.jar", tmp_path / "a.jar"))
    assert (tmp_path / "a.jar").read_bytes() == CONTENT
    assert repository.requests == [("/a.jar", None), ("/a.jar", "bytes=100000-"), ("/a.jar", "bytes=150000-")]


def test_a_part_of_an_earlier_run_is_continued(repository: Repository, tmp_path: Path):
    repository.files = {"a.jar": CONTENT}
    (tmp_path / "a.jar.part").write_bytes(CONTENT[:1000])
    fetch(tmp_path, repository.download("a.jar", tmp_path / "a.jar"))
    assert (tmp_path / "a.jar").read_bytes() == CONTENT
    assert repository.requests == [("/a.jar", "bytes=1000-")]


def test_a_server_that_ignores_ranges_sends_the_file_anew(repository: Repository, tmp_path: Path):
    repository.files = {"a.jar": CONTENT}
    repository.knows_ranges = False
    (tmp_path / "a.jar.part").write_bytes(b"x" * 1000)
    fetch(tmp_path, repository.download("a.jar", tmp_path / "a.jar"))
    assert (tmp_path / "a.jar").read_bytes() == CONTENT


def test_a_spoilt_part_is_thrown_away_and_fetched_anew(repository: Repository, tmp_path: Path):
    repository.files = {"a.jar": CONTENT}
    (tmp_path / "a.jar.part").write_bytes(b"x" * 1000)
    fetch(tmp_path, repository.download("a.jar", tmp_path / "a.jar"))
    assert (tmp_path / "a.jar").read_bytes() == CONTENT


def test_content_with_another_hash_never_appears_under_its_name(repository: Repository, tmp_path: Path):
    repository.files = {"a.jar": CONTENT[::-1]}
    with pytest.raises(DependencyUnavailable, match="does not match the locked hash"):
        fetch(tmp_path, repository.download("a.jar", tmp_path / "a.jar"))
    assert not (tmp_path / "a.jar").exists()


def test_what_can_be_had_is_kept_when_something_is_missing(repository: Repository, tmp_path: Path):
    repository.files = {"a.jar": CONTENT}
    wanted = [repository.download(name, tmp_path / name) for name in ("a.jar", "b.jar")]
    with pytest.raises(DependencyUnavailable, match=r"1 of 2 files .*b\.jar"):
        fetch(tmp_path, *wanted)
    assert (tmp_path / "a.jar").read_bytes() == CONTENT


def test_a_file_that_is_there_is_not_asked_for(repository: Repository, tmp_path: Path):
    (tmp_path / "a.jar").write_bytes(CONTENT)
    fetch(tmp_path, repository.download("a.jar", tmp_path / "a.jar"))
    assert repository.requests == []
