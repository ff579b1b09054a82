"""Translation by rules on this machine: Apertium (https://www.apertium.org), as a child process.

Many texts share one process, because it takes as long to start as to translate pages. Between them stands a paragraph
that holds nothing but a number which no text has; where these do not all come back in order, each text gets a process
of its own, so that no text can take a piece of another's translation.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from functools import cache
from hashlib import sha256

from kgqa.errors import ConfigurationError, DependencyUnavailable, KgqaError, LimitExceeded, ModelOutputError
from kgqa.settings import child_environment

PROGRAM = "apertium"
#: part of the stage hash: how texts are put together and what is made of the reply
VERSION = "apertium 1"
#: texts that share a process: seconds of work, little to lose
BATCH_CHARACTERS = 60_000
#: how long the list of directions is waited for
_LIST_SECONDS = 30

#: ISO 639-3 of ISO 639-1, as Apertium names its directions; older packages use the short ones
_CODES = {
    "ar": "ara", "bg": "bul", "bn": "ben", "ca": "cat", "cs": "ces", "da": "dan", "de": "deu", "el": "ell",
    "en": "eng", "es": "spa", "et": "est", "eu": "eus", "fa": "fas", "fi": "fin", "fr": "fra", "he": "heb",
    "hi": "hin", "hr": "hrv", "hu": "hun", "hy": "hye", "id": "ind", "is": "isl", "it": "ita", "ja": "jpn",
    "ko": "kor", "lt": "lit", "lv": "lav", "nl": "nld", "no": "nob", "pl": "pol", "pt": "por", "ro": "ron",
    "ru": "rus", "sk": "slk", "sl": "slv", "sr": "srp", "sv": "swe", "sw": "swa", "ta": "tam", "th": "tha",
    "tr": "tur", "uk": "ukr", "ur": "urd", "vi": "vie", "zh": "zho",
}  # fmt: skip


class ApertiumTranslator:
    """Implements `ports.Translator`."""

    name = VERSION

    def __init__(self, program: str = PROGRAM, *, timeout_seconds: float = 60) -> None:
        """`timeout_seconds`: for each process. Raises ConfigurationError where the program is not installed."""
        found = shutil.which(program)
        if found is None:
            raise ConfigurationError(
                f"There is no program {program!r} on this machine.",
                hint="install it with the pairs that you need (Debian: apt-get install apertium apertium-eng-spa), or"
                " set KGQA_TRANSLATION__ENGINE=openai.",
            )
        self._program = found
        self._timeout_seconds = timeout_seconds

    def translate(self, texts: Sequence[str], *, source: str, target: str) -> Sequence[str | KgqaError]:
        """One translation per text, in order, or why there is none."""
        try:
            mode = self._mode(source, target)
        except KgqaError as problem:
            return [problem] * len(texts)
        return [translation for batch in _batches(texts) for translation in self._batch(mode, batch)]

    def _mode(self, source: str, target: str) -> str:
        known = _modes(self._program)
        names = [f"{a}-{b}" for a, b in ((_CODES.get(source), _CODES.get(target)), (source, target))]
        if mode := next((name for name in names if name in known), None):
            return mode
        raise ConfigurationError(
            f"Apertium has no pair from {source} to {target} here.",
            hint=f"install it (Debian: apt-cache search apertium), then `kgqa ingest --force`; there are"
            f" {', '.join(known) or 'none'}.",
        )

    def _batch(self, mode: str, texts: Sequence[str]) -> Sequence[str | KgqaError]:
        if len(texts) > 1:
            nonce = int.from_bytes(sha256("\0".join(texts).encode()).digest()[:6], "big")
            marks = [f"{nonce:015d}{n:05d}" for n in range(1, len(texts))]
            joined = texts[0] + "".join(f"\n\n{mark}\n\n{text}" for mark, text in zip(marks, texts[1:], strict=True))
            try:
                parts = _parted(self._run(mode, joined), marks)
            except KgqaError:
                parts = None  # one of them may be the cause: each by itself
            if parts is not None:
                return parts
        return [self._alone(mode, text) for text in texts]

    def _alone(self, mode: str, text: str) -> str | KgqaError:
        try:
            return self._run(mode, text)
        except KgqaError as problem:
            return problem

    def _run(self, mode: str, text: str) -> str:
        return _output([self._program, "-u", mode], text, self._timeout_seconds)


def _parted(reply: str, marks: Sequence[str]) -> list[str] | None:
    """What stands between the marks; None unless each is there once, in order, as a paragraph of its own."""
    parts: list[str] = []
    for mark in marks:
        part, found, reply = reply.partition(f"\n{mark}\n")
        if not found:
            return None
        parts.append(part)
    parts.append(reply)
    return None if any(mark in part for part in parts for mark in marks) else parts


def _batches(texts: Sequence[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    characters = 0
    for text in texts:
        if batch and characters + len(text) > BATCH_CHARACTERS:
            yield batch
            batch, characters = [], 0
        batch.append(text)
        characters += len(text)
    if batch:
        yield batch


@cache
def _modes(program: str) -> tuple[str, ...]:
    """Directions that are installed. They are looked for once in the life of a process."""
    return tuple(sorted(_output([program, "-l"], "", _LIST_SECONDS).split()))


def _output(command: Sequence[str], text: str, timeout_seconds: float) -> str:
    """What the program writes. Raises LimitExceeded, ModelOutputError, or DependencyUnavailable where it cannot run."""
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=child_environment({"LC_ALL": "C.UTF-8"}),
            start_new_session=True,  # it is a pipe of programs, which end together
        )
    except OSError as problem:
        raise DependencyUnavailable(f"Apertium cannot be started: {problem.strerror}.") from problem
    with process:
        try:
            output, _ = process.communicate(text.encode(), timeout_seconds)
        except BaseException as problem:
            os.killpg(process.pid, signal.SIGKILL)
            if isinstance(problem, subprocess.TimeoutExpired):
                raise LimitExceeded(
                    f"Apertium took longer than {timeout_seconds:g} s.",
                    hint="raise KGQA_TRANSLATION__TIMEOUT_SECONDS.",
                ) from None
            raise
    if process.returncode:
        raise ModelOutputError(f"Apertium ended with status {process.returncode}.")
    return output.decode("utf-8", "replace")
