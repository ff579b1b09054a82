"""The reader of formats in a child process: a file that hangs, crashes or eats memory ends as a failed document.

Short texts are read here; everything with a parser that others wrote goes to the child. It is kept for the next
document (a start takes half a second), ended when a document takes too long, and started anew when it is gone.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from kgqa.adapters.models.ocr import RapidRecogniser
from kgqa.adapters.models.speech import speech_version
from kgqa.adapters.parsing.child import out_of_memory
from kgqa.adapters.parsing.messages import ENDS, LENGTH, framed, result
from kgqa.errors import InvalidInput, KgqaError, LimitExceeded
from kgqa.ingest.formats import media_type
from kgqa.ingest.formats.parsed import Parsed, ParseLimits
from kgqa.ingest.parse import PLAIN_READER
from kgqa.settings import child_environment

#: longer texts go to the child too
SHORT_BYTES = 1_000_000
#: documents after which a child is replaced: what libraries leak is bounded
DOCUMENTS = 2_000
#: bytes of an answer for each character that a document may have, and beside them
ANSWER_BYTES, ANSWER_EXTRA = 12, 10_000_000
_STEP = 1 << 16


@dataclass(frozen=True, slots=True)
class IsolatedReader:
    """Reads each document within a time and an amount of memory. Sent to Spark tasks: it holds settings alone."""

    #: pages and pictures are read by OCR
    ocr: bool = True
    threads: int = 1
    #: hears recordings: what `adapters.models.speech.speech_model` gives; empty: they are skipped
    speech: str = ""

    @property
    def version(self) -> str:
        """What texts depend on: OCR and speech recognition, where they are on."""
        versions = [RapidRecogniser().version] if self.ocr else []
        return " ".join([*versions, *([speech_version(self.speech)] if self.speech else [])])

    def read(self, data: bytes, name: str, declared: str | None, limits: ParseLimits) -> tuple[str, Parsed]:
        """The media type and the pieces. Raises InvalidInput or LimitExceeded, also for what hangs or crashes."""
        if _is_short_text(data, name, declared):
            return PLAIN_READER.read(data, name, declared, limits)
        return _child(limits.memory_bytes, self.ocr, self.threads, self.speech).read(data, name, declared, limits)


def _is_short_text(data: bytes, name: str, declared: str | None) -> bool:
    if len(data) > SHORT_BYTES or data.startswith(b"PK"):
        return False
    try:
        return media_type.media_type(data, name, declared) in media_type.TEXTS
    except KgqaError:
        return True  # refused in the same words here


_children: dict[tuple[int, int, bool, int, str], _Child] = {}
_children_lock = threading.Lock()


def _child(memory: int, ocr: bool, threads: int, speech: str = "") -> _Child:  # noqa: FBT001 - a key
    """The child of this process for these settings; one that a fork inherited is not ours."""
    key = (os.getpid(), memory, ocr, threads, speech)
    with _children_lock:
        if key not in _children:
            _children[key] = _Child(memory, ["ocr" if ocr else "plain", str(threads), speech])
        return _children[key]


class _Child:
    """One child process, one document at a time."""

    def __init__(self, memory: int, arguments: list[str]) -> None:
        self._memory = memory
        self._command = [sys.executable, "-m", "kgqa.adapters.parsing.child", str(memory), *arguments]
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._served = 0

    def read(self, data: bytes, name: str, declared: str | None, limits: ParseLimits) -> tuple[str, Parsed]:
        request = framed({"bytes": len(data), "name": name, "declared": declared, "limits": asdict(limits)})
        with self._lock:
            if self._served >= DOCUMENTS or (self._process is not None and self._process.poll() is not None):
                self._end()
            process = self._process or self._start()
            self._served += 1
            until = time.monotonic() + limits.seconds
            try:
                _write(process, request + data, until)
                size = int.from_bytes(_read(process, LENGTH, until), "big")
                if size > ANSWER_BYTES * limits.characters + ANSWER_EXTRA:
                    raise LimitExceeded(
                        f"The text is longer than {limits.characters:,} characters.", hint="split it into parts."
                    )
                message = json.loads(_read(process, size, until))
                if ENDS in message:
                    self._end()
            except TimeoutError:
                self._end()
                raise LimitExceeded(
                    f"Reading this file takes longer than {limits.seconds:g} s.",
                    hint="split it into parts, or raise KGQA_LIMITS__DOCUMENT_SECONDS.",
                ) from None
            except (OSError, EOFError):
                raise self._crash() from None
            except BaseException:
                self._end()  # an answer that nobody takes must not be the next document's
                raise
        return result(message)

    def _start(self) -> subprocess.Popen[bytes]:
        self._served = 0
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=child_environment({"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "OMP_NUM_THREADS": "1"}),
        )
        for pipe in _pipes(self._process):
            os.set_blocking(pipe, False)
        return self._process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                with contextlib.suppress(OSError):
                    pipe.close()  # pyright: ignore[reportOptionalMemberAccess]

    def _crash(self) -> KgqaError:
        process = self._process
        assert process is not None
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=5)
        code = process.poll()
        self._end()
        if code in (-signal.SIGABRT, -signal.SIGKILL):  # C++ libraries abort where memory is refused
            return out_of_memory(self._memory)
        return InvalidInput(
            f"The parser broke down over this file (exit {code}): it is damaged, or made to break parsers.",
            hint="open it where it was made, and save it again.",
        )


def _pipes(process: subprocess.Popen[bytes]) -> Iterator[int]:
    assert process.stdin is not None
    assert process.stdout is not None
    yield process.stdin.fileno()
    yield process.stdout.fileno()


def _write(process: subprocess.Popen[bytes], data: bytes, until: float) -> None:
    target, _ = _pipes(process)
    view = memoryview(data)
    while view:
        _, ready, _ = select.select([], [target], [], _left(until))
        if ready:
            view = view[os.write(target, view[:_STEP]) :]


def _read(process: subprocess.Popen[bytes], size: int, until: float) -> bytes:
    _, source = _pipes(process)
    parts: list[bytes] = []
    while size:
        ready, _, _ = select.select([source], [], [], _left(until))
        if ready:
            part = os.read(source, min(size, _STEP))
            if not part:
                raise EOFError
            parts.append(part)
            size -= len(part)
    return b"".join(parts)


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
