"""The packaged model in the child process: what somebody says, and sounds that nobody makes with their mouth."""

import io
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from kgqa.adapters.models.speech import WhisperRecogniser, speech_model
from kgqa.adapters.parsing import isolated
from kgqa.adapters.parsing.isolated import IsolatedReader
from kgqa.errors import InvalidInput
from kgqa.ingest.formats.parsed import ParseLimits
from kgqa.ingest.parse import is_skip, parse
from kgqa.model.document import Document, RawDocument
from kgqa.model.speech import SAMPLE_RATE
from tests.unit.ingest.recordings import recording

READER = IsolatedReader(ocr=False, speech=speech_model("whisper-base"))


@pytest.fixture(autouse=True, scope="module")
def _end_children() -> Iterator[None]:
    yield
    for one in isolated._children.values():
        one._end()
    isolated._children.clear()


def sounds() -> dict[str, np.ndarray]:
    """Half a minute each of what a model that writes texts likes to make up words for."""
    random = np.random.default_rng(1)
    time = np.arange(30 * SAMPLE_RATE) / SAMPLE_RATE
    chord = sum(np.sin(2 * np.pi * pitch * time) for pitch in (220, 277, 330)) * (1 + np.sin(4 * np.pi * time))
    return {
        "silence": np.zeros(len(time)),
        "hiss": random.normal(0, 1_000, len(time)),
        "chord": chord * 2_000,
        "clicks": (np.arange(len(time)) % 8_000 < 20) * 20_000.0,
    }


def hear() -> Document:
    data = Path(__file__).with_name("go-forward.ogg").read_bytes()
    return parse(RawDocument(collection="c", key="go-forward.txt", uri="", data=data), reader=READER)


def test_speech_is_text_with_its_time_and_the_same_in_another_process():
    document = hear()
    assert document.text == "Go forward 10 meters."
    assert (document.metadata["spoken_language"], document.metadata["duration"]) == ("en", "00:00:03")
    ((start, end),) = [block.seconds for block in document.blocks if block.seconds]
    assert 0 <= start < 1
    assert 1.5 < end < 3
    for one in isolated._children.values():
        one._end()
    assert hear() == document


@pytest.mark.parametrize("name", sounds())
def test_sound_without_speech_is_skipped_with_a_reason(name: str):
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(SAMPLE_RATE)
        out.writeframes(sounds()[name].astype(np.int16).tobytes())
    with pytest.raises(InvalidInput, match="no text") as refusal:
        parse(RawDocument(collection="c", key="a.wav", uri="", data=buffer.getvalue()), reader=READER)
    assert is_skip(refusal.value)
    assert "Nobody was heard to speak in 00:00:30" in str(refusal.value)


def test_what_is_cut_off_is_refused_and_the_next_recording_is_heard():
    with pytest.raises(InvalidInput):
        READER.read(recording("m4a")[:400], "a.m4a", None, ParseLimits())
    assert READER.read(recording("m4a"), "a.m4a", None, ParseLimits())[0] == "audio/mp4"


def test_the_weights_are_those_that_are_expected_and_the_version_names_them():
    recogniser = WhisperRecogniser("whisper-base")
    assert recogniser._model.model.is_multilingual
    assert recogniser.version in READER.version
    assert "whisper-base-905e5bf8336b" in recogniser.version
