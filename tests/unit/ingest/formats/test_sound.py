import io
import wave
from contextlib import suppress

import pytest

from kgqa.errors import InvalidInput, LimitExceeded
from kgqa.ingest.formats import media_type
from kgqa.ingest.formats.parsed import Parsed, ParseLimits, Reading
from kgqa.ingest.formats.readers import read_any
from kgqa.ingest.formats.sound import paragraphs
from kgqa.ingest.parse import is_skip, parse
from kgqa.model.document import RawDocument
from kgqa.model.speech import SAMPLE_RATE, Utterance
from tests.unit.ingest.recordings import FORMATS, Scripted, recording

SAID = ((0.5, 1.5, " Close valve V3."), (2.75, 2.9, "Wait. "))
KINDS = {"wav": "audio/wav", "mp3": "audio/mpeg", "flac": "audio/flac", "m4a": "audio/mp4", "ogg": "audio/ogg"}


def read(data: bytes, name: str = "a", listener: Scripted | None = None, **limits: float) -> Parsed:
    return read_any(
        data,
        name,
        None,
        Reading(limits=ParseLimits(**limits), listener=Scripted(*SAID) if listener is None else listener),
    )


def silence(seconds: float, rate: int = 8_000) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(1)
        out.setframerate(rate)
        out.writeframes(b"\x80" * int(seconds * rate))
    return buffer.getvalue()


@pytest.mark.parametrize("kind", FORMATS)
def test_recordings_are_known_by_their_content_and_heard_as_one_channel(kind: str):
    data = recording(kind, channels=2 if kind == "flac" else 1)
    assert media_type.media_type(data, "notes.txt", None) == KINDS[kind]
    listener = Scripted(*SAID)
    parsed = read(data, "notes.txt", listener)
    assert [(p.text, p.seconds) for p in parsed.pieces] == [("Close valve V3.", (0.5, 1.5)), ("Wait.", (2.75, 2.9))]
    assert parsed.metadata["duration"] == "00:00:03"
    assert parsed.metadata["spoken_language"] == "en"
    assert parsed.warnings == ("Read by speech recognition: check names and numbers.",)
    (heard,) = listener.heard
    assert heard.dtype == "int16"
    assert abs(len(heard) - 3 * SAMPLE_RATE) < 0.1 * SAMPLE_RATE
    assert abs(int(abs(heard[SAMPLE_RATE : 2 * SAMPLE_RATE]).max()) - 8_000) < 800


def test_tags_become_title_and_author():
    metadata = read(recording("mp3", tags=("title=Pump meeting", "artist=Ana Ruiz"))).metadata
    assert (metadata["title"], metadata["author"]) == ("Pump meeting", "Ana Ruiz")


def test_a_pause_ends_a_paragraph_and_so_does_a_sentence_after_a_while():
    said = [Utterance(text=text, start=start, end=end) for text, start, end in (
        ("One", 0, 20), ("two.", 20, 31), ("Three", 31, 60), ("four", 60, 92), ("five", 92.5, 93), ("six", 94, 95),
    )]  # fmt: skip
    assert [(p.text, p.seconds) for p in paragraphs(said)] == [
        ("One two.", (0, 31)), ("Three four", (31, 92)), ("five", (92.5, 93)), ("six", (94, 95)),
    ]  # fmt: skip


def test_recordings_are_skipped_where_nobody_listens():
    with pytest.raises(InvalidInput, match="speech recognition is off") as refusal:
        read_any(recording(), "a.wav", None, Reading())
    assert is_skip(refusal.value)
    assert "./run --audio" in str(refusal.value.hint)


def test_silence_is_a_document_without_text():
    parsed = read(silence(2))
    assert parsed.pieces == ()
    assert parsed.warnings == ("Nobody was heard to speak in 00:00:02 of sound.",)
    assert "spoken_language" not in parsed.metadata

    class Reader:
        version = ""

        def read(self, data: bytes, name: str, declared: str | None, limits: ParseLimits) -> tuple[str, Parsed]:
            return "audio/wav", parsed

    with pytest.raises(InvalidInput, match="no text") as refusal:
        parse(RawDocument(collection="c", key="a.wav", uri="", data=silence(2)), reader=Reader())
    assert is_skip(refusal.value)
    assert "Nobody was heard" in str(refusal.value)


def test_a_long_recording_is_refused_before_it_is_heard():
    listener = Scripted(*SAID)
    with pytest.raises(LimitExceeded, match=r"longer than 0\.5 minutes") as refusal:
        read(silence(31), listener=listener, sound_minutes=0.5)
    assert "KGQA_LIMITS__SOUND_MINUTES" in str(refusal.value)
    assert listener.heard == []
    assert read(silence(29), sound_minutes=0.5).warnings
    with pytest.raises(LimitExceeded):  # a second of sound in each sample
        read(silence(40, rate=1), sound_minutes=0.5)


@pytest.mark.parametrize("kind", FORMATS)
def test_damaged_recordings_are_refused_or_read_as_far_as_they_go(kind: str):
    whole = recording(kind, 8.0)
    third = len(whole) // 3
    for data in (whole[:12], whole[:200], whole[: len(whole) // 2], whole[:third] + bytes(third) + whole[2 * third :]):
        with suppress(InvalidInput):
            assert read(data, "a.txt").pieces


def test_what_is_missing_is_said():
    whole = recording("mp3", 8.0)
    cut = read(whole[: len(whole) // 2])
    assert any("Sound is missing: the recording has 00:00:04 of the 00:00:08" in warning for warning in cut.warnings)
    assert "About 3 s of speech could not be understood." in read(whole, listener=Scripted(*SAID, unclear=3)).warnings


@pytest.mark.parametrize("name", ["a.wav", "a.mp3", "a.flac", "a.m4a", "a.ogg"])
@pytest.mark.parametrize(
    "data", [b"a text", b"#EXTM3U\nfile:///etc/hostname\n", b"ffconcat version 1.0\nfile /etc/hostname"]
)
def test_texts_that_are_called_recordings_are_refused(name: str, data: bytes):
    with pytest.raises(InvalidInput, match="though it is called one"):
        read(data, name)


def test_texts_and_videos_are_no_recordings():
    assert media_type.media_type(b"ID3 is a kind of tag.", "a.txt", None) == "text/plain"
    for data in (b"RIFF\0\0\0\0AVI LIST", b"\0\0\0\x18ftypmp42\0\0\0\0"):
        with pytest.raises(InvalidInput, match="video") as refusal:
            media_type.media_type(data, "a", None)
        assert is_skip(refusal.value)
