"""Recordings: decoded by FFmpeg (PyAV), recognised, and laid out in paragraphs that end where somebody pauses.

Each paragraph keeps when it was said. The demuxer is the one that the first bytes of the file name: FFmpeg's own guess
also knows playlists, which open other files.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, cast

import numpy as np
import numpy.typing as npt

from kgqa.errors import InvalidInput, LimitExceeded
from kgqa.ingest.formats import media_type
from kgqa.ingest.formats.parsed import Parsed, Piece, Reading
from kgqa.model.speech import SAMPLE_RATE, Transcript, Utterance
from kgqa.text.timestamps import timestamp

if TYPE_CHECKING:
    from av import AudioFrame, AudioStream
    from av.container import InputContainer

#: silence after which a paragraph ends
PAUSE_SECONDS = 1.0
#: a paragraph that has lasted this long ends with its sentence, and after twice as long it ends
PARAGRAPH_SECONDS = 30.0
#: a recording that is this much shorter than it states has lost a part
MISSING_SECONDS = 1.0
_ENDS = (".", "!", "?", "。", "！", "？", "…")
_DEMUXERS: Mapping[str, str] = {
    media_type.WAV: "wav",
    media_type.MP3: "mp3",
    media_type.FLAC: "flac",
    media_type.M4A: "mov",
    media_type.OGG: "ogg",
}
_TAGS = {"title": "title", "artist": "author", "date": "created"}
HINT = "set KGQA_MODELS__SPEECH=whisper-base and start kgqa with `./run --audio kgqa` (docs/formats.md)."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sound:
    samples: npt.NDArray[np.int16]
    #: as the file states it; 0: it does not
    stated_seconds: float
    #: packets that could not be decoded
    broken: int
    metadata: Mapping[str, str]

    @property
    def seconds(self) -> float:
        return len(self.samples) / SAMPLE_RATE


def read(kind: str, data: bytes, reading: Reading) -> Parsed:
    """What is said in a recording. Raises InvalidInput (damaged; skipped where recognition is off) or LimitExceeded."""
    if reading.listener is None:
        raise media_type.unsupported("a sound recording, and speech recognition is off", HINT)
    sound = _decode(kind, data, reading.limits.sound_minutes)
    transcript = reading.listener.transcribe(sound.samples)
    metadata = {**sound.metadata, "duration": timestamp(round(sound.seconds))}
    if transcript.language:
        metadata["spoken_language"] = transcript.language
    return Parsed(
        pieces=tuple(paragraphs(transcript.utterances)),
        metadata=metadata,
        warnings=tuple(_warnings(sound, transcript)),
    )


def paragraphs(utterances: Sequence[Utterance]) -> Iterator[Piece]:
    """Utterances as paragraphs: a pause ends one, and after a while the end of a sentence does."""
    if not utterances:
        return
    said = [utterances[0]]
    for previous, utterance in pairwise(utterances):
        lasted = previous.end - said[0].start
        is_long = lasted >= PARAGRAPH_SECONDS and previous.text.rstrip().endswith(_ENDS)
        if utterance.start - previous.end >= PAUSE_SECONDS or is_long or lasted >= 2 * PARAGRAPH_SECONDS:
            yield _paragraph(said)
            said = []
        said.append(utterance)
    yield _paragraph(said)


def _paragraph(said: Sequence[Utterance]) -> Piece:
    text = " ".join(utterance.text.strip() for utterance in said)
    return Piece(text=text, seconds=(round(said[0].start, 2), round(said[-1].end, 2)))


def _warnings(sound: _Sound, transcript: Transcript) -> Iterator[str]:
    if transcript.utterances:
        yield "Read by speech recognition: check names and numbers."
    else:
        yield f"Nobody was heard to speak in {timestamp(round(sound.seconds))} of sound."
    if transcript.unclear_seconds:
        yield f"About {transcript.unclear_seconds:.0f} s of speech could not be understood."
    if sound.broken:
        yield f"Damaged parts of the recording were left out: {sound.broken:,}."
    if sound.stated_seconds - sound.seconds > MISSING_SECONDS:
        have, stated = (timestamp(round(seconds)) for seconds in (sound.seconds, sound.stated_seconds))
        yield f"Sound is missing: the recording has {have} of the {stated} that it states."


def _decode(kind: str, data: bytes, most_minutes: float) -> _Sound:
    """One channel at `SAMPLE_RATE`; decoding stops where there is more than is allowed."""
    import av  # of the extra `audio`, as the listener is

    parts: list[npt.NDArray[np.int16]] = []
    length = broken = 0
    with av.open(io.BytesIO(data), mode="r", format=_DEMUXERS[kind], metadata_errors="ignore") as container:
        if not container.streams.audio:
            raise InvalidInput("This file holds no sound.", hint="check that it was copied completely.")
        stream = container.streams.audio[0]
        stated = float(stream.duration * stream.time_base) if stream.duration and stream.time_base else 0.0
        resampler = av.AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE)
        for frames in _frames(container, stream):
            broken += frames is None
            for frame in frames or ():
                if frame is not None:
                    frame.pts = None  # times inside a file need not make sense
                for resampled in resampler.resample(frame):
                    parts.append(np.asarray(resampled.to_ndarray(), dtype=np.int16).reshape(-1))
                    length += len(parts[-1])
            if length > most_minutes * 60 * SAMPLE_RATE:
                raise _too_long(most_minutes)
        tags = {**container.metadata, **stream.metadata}
    if not length:
        raise InvalidInput("This recording is damaged: none of it can be decoded.", hint="copy or save it again.")
    known = {ours: tags[tag] for tag, ours in _TAGS.items() if tags.get(tag)}
    return _Sound(samples=np.concatenate(parts), stated_seconds=stated, broken=broken, metadata=known)


def _too_long(minutes: float) -> LimitExceeded:
    return LimitExceeded(
        f"This recording is longer than {minutes:g} minutes.",
        hint="split it into parts, or raise KGQA_LIMITS__SOUND_MINUTES (and KGQA_LIMITS__DOCUMENT_SECONDS: one core"
        " recognises some ten minutes of sound a minute).",
    )


def _frames(container: InputContainer, stream: AudioStream) -> Iterator[Sequence[AudioFrame | None] | None]:
    """The frames of each packet, None for a damaged one; at last [None], which empties the resampler.

    A file that ends too early ends here.
    """
    from av.error import EOFError as EndOfFile
    from av.error import InvalidDataError

    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
            if packet is None:
                break
            decoded = packet.decode()
        except EndOfFile:
            break
        except InvalidDataError:
            yield None
            continue  # after an error of the demuxer there is no next packet
        yield cast("list[AudioFrame | None]", decoded)
    yield [None]
