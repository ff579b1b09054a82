"""What surrounds the model: names, windows, and text that goes round in circles. tests/audio runs the model."""

from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from kgqa.adapters.models import speech
from kgqa.adapters.models.speech import WhisperRecogniser, speech_model, windows
from kgqa.errors import ConfigurationError
from kgqa.model.speech import SAMPLE_RATE


class Model:
    """Stands in for `WhisperModel`: says the same in every window, in Spanish in the first one."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def transcribe(self, sound: np.ndarray, **options: object):
        assert options["vad_filter"]
        assert options["temperature"] == 0
        assert not options["condition_on_previous_text"]
        assert sound.dtype == np.float32
        self.seconds.append(len(sound) / SAMPLE_RATE)
        voices = 0.0 if not sound.any() else self.seconds[-1] / 2
        language = "es" if len(self.seconds) == 1 else "en"
        said = [(1.0, 2.0, " Close the valve."), (3.0, 5.0, "5" + 40 * ", 5"), (6.0, 10_000.0, " Wait."), (7, 8, " ")]
        segments = [SimpleNamespace(start=start, end=end, text=text) for start, end, text in said]
        return iter(segments if voices else []), SimpleNamespace(language=language, duration_after_vad=voices)


@pytest.fixture
def recogniser(monkeypatch: pytest.MonkeyPatch) -> WhisperRecogniser:
    monkeypatch.setattr(speech, "speech_version", lambda name: f"test-{name}")
    made = WhisperRecogniser("whisper-base")
    made.__dict__["_model"] = Model()
    return made


def noise(seconds: float) -> np.ndarray:
    return np.random.default_rng(1).integers(-9_000, 9_000, int(seconds * SAMPLE_RATE)).astype(np.int16)


def test_utterances_keep_their_place_and_circles_are_left_out(recogniser: WhisperRecogniser):
    heard = recogniser.transcribe(noise(20))
    assert [(u.text, u.start, u.end) for u in heard.utterances] == [
        ("Close the valve.", 1.0, 2.0),
        ("Wait.", 6.0, 20.0),
    ]
    assert (heard.unclear_seconds, heard.language) == (2.0, "es")


def test_silence_says_nothing(recogniser: WhisperRecogniser):
    assert recogniser.transcribe(np.zeros(SAMPLE_RATE, dtype=np.int16)) == speech.Transcript(utterances=())
    assert recogniser.transcribe(np.zeros(0, dtype=np.int16)) == speech.Transcript(utterances=())


def test_long_recordings_are_heard_in_windows_that_end_where_it_is_quiet(recogniser: WhisperRecogniser):
    samples = noise(1_500)
    samples[585 * SAMPLE_RATE : 586 * SAMPLE_RATE] = 0
    spans = list(windows(samples))
    assert spans[0][0] == 0
    assert spans[-1][1] == len(samples)
    assert 585 < spans[0][1] / SAMPLE_RATE < 586
    assert all(first[1] == second[0] for first, second in pairwise(spans))
    assert all(0 < end - start <= speech.WINDOW_SECONDS * SAMPLE_RATE for start, end in spans)
    heard = recogniser.transcribe(samples)
    assert [u.start for u in heard.utterances[::2]] == [start / SAMPLE_RATE + 1 for start, _ in spans]
    assert heard.language == "en"


def test_settings_that_cannot_be_heard_with_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    assert speech_model("none") == ""
    with pytest.raises(ConfigurationError, match="'large'") as refusal:
        speech_model("large")
    assert "whisper-base" in str(refusal.value.hint)
    monkeypatch.setattr(speech, "find_spec", lambda _: None)
    with pytest.raises(ConfigurationError, match="faster_whisper") as refusal:
        speech_model("whisper-base")
    assert "./run --audio kgqa" in str(refusal.value.hint)
    monkeypatch.setattr(speech, "find_spec", lambda name: name)
    assert speech_model("whisper-base") == "whisper-base"
    with pytest.raises(ConfigurationError, match=r"model\.bin"):
        speech_model(f"faster-whisper:{tmp_path}")
    for name in ("model.bin", "config.json", "tokenizer.json"):
        (tmp_path / name).write_text(name)
    assert speech_model(f"faster-whisper:{tmp_path}") == f"faster-whisper:{tmp_path}"
