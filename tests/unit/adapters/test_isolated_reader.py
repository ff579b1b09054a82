"""The reader in a child process: a document that costs too much ends, and the next one is read."""

import io
import os
import pickle
import signal
import sys
import zipfile
from collections.abc import Iterator

import pytest

from kgqa.adapters.parsing import isolated
from kgqa.adapters.parsing.isolated import IsolatedReader
from kgqa.errors import InvalidInput, LimitExceeded
from kgqa.ingest.formats.parsed import ParseLimits
from kgqa.ingest.parse import PLAIN_READER
from tests.unit.ingest.documents import FILES, make_docx

READER = IsolatedReader(ocr=False)
LIMITS = ParseLimits(seconds=120, memory_bytes=1_000_000_000)


def child() -> isolated._Child:
    return isolated._child(LIMITS.memory_bytes, ocr=False, threads=1)


@pytest.fixture(autouse=True, scope="module")
def _end_children() -> Iterator[None]:
    yield
    for one in isolated._children.values():
        one._end()
    isolated._children.clear()


def read(data: bytes, name: str, limits: ParseLimits = LIMITS):
    return READER.read(data, name, None, limits)


@pytest.mark.parametrize("name", ["pump.pdf", "pump.docx", "leak.eml", "pump.md"])
def test_a_child_reads_what_is_read_here(name: str):
    assert read(FILES[name], name) == PLAIN_READER.read(FILES[name], name, None, LIMITS)


def test_a_refusal_comes_back_as_it_is():
    with pytest.raises(InvalidInput, match="damaged") as refusal:
        read(make_docx()[:2000], "a.docx")
    assert refusal.value.hint


def test_what_takes_too_long_is_ended_and_the_next_document_is_read():
    with pytest.raises(LimitExceeded, match=r"longer than 0\.001 s") as refusal:
        read(make_docx(), "a.docx", ParseLimits(seconds=0.001, memory_bytes=LIMITS.memory_bytes))
    assert "KGQA_LIMITS__DOCUMENT_SECONDS" in str(refusal.value)
    assert read(make_docx(), "a.docx")[1].pieces


def test_what_needs_too_much_memory_is_refused_and_the_next_document_is_read():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", b"word " * 60_000_000)
    large = ParseLimits(seconds=120, memory_bytes=LIMITS.memory_bytes, bytes=10**9, characters=10**9, expansion=10**6)
    with pytest.raises(LimitExceeded, match="more memory than 1,000 MB"):
        read(buffer.getvalue(), "a.zip", large)
    assert read(make_docx(), "a.docx")[1].pieces


def test_a_child_that_was_killed_is_replaced():
    read(make_docx(), "a.docx")
    process = child()._process
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert read(make_docx(), "a.docx")[1].pieces
    assert child()._process is not process


def test_a_parser_that_breaks_down_is_a_refusal(monkeypatch: pytest.MonkeyPatch):
    broken = isolated._Child(LIMITS.memory_bytes, [])
    broken._command = [sys.executable, "-c", "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"]
    monkeypatch.setattr(isolated, "_child", lambda *_: broken)
    with pytest.raises(InvalidInput, match=r"broke down over this file \(exit -11\)"):
        read(make_docx(), "a.docx")


def test_short_texts_need_no_child(monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(isolated, "_child", refuse)
    assert read(b"# Pump", "a.md")[0] == "text/markdown"


def test_a_reader_travels_to_other_processes():
    assert pickle.loads(pickle.dumps(READER)) == READER  # noqa: S301 - our own
    assert IsolatedReader(ocr=True).version != READER.version
