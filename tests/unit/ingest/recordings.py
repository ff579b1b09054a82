"""Recordings made in code, and a listener that says what it was told to say."""

import io
from collections.abc import Sequence

import av
import numpy as np

from kgqa.model.speech import SAMPLE_RATE, Transcript, Utterance

#: container and codec of each format that is read
FORMATS = {
    "wav": ("wav", "pcm_s16le"),
    "mp3": ("mp3", "libmp3lame"),
    "flac": ("flac", "flac"),
    "m4a": ("ipod", "aac"),
    "ogg": ("ogg", "libopus"),
}


class Scripted:
    """Hears the same in every recording, or nothing in silence; keeps what it was given."""

    version = "scripted"

    def __init__(self, *said: tuple[float, float, str], unclear: float = 0.0) -> None:
        self.said = tuple(Utterance(start=start, end=end, text=text) for start, end, text in said)
        self.unclear = unclear
        self.heard: list[np.ndarray] = []

    def transcribe(self, samples: np.ndarray) -> Transcript:
        self.heard.append(samples)
        if not samples.any():
            return Transcript(utterances=())
        return Transcript(utterances=self.said, language="en", unclear_seconds=self.unclear)


def tone(seconds: float, rate: int = SAMPLE_RATE) -> np.ndarray:
    """A tone as 16-bit samples."""
    return (8_000 * np.sin(np.arange(int(seconds * rate)) * 2 * np.pi * 440 / rate)).astype(np.int16)


def recording(
    kind: str = "wav", seconds: float = 3.0, *, rate: int = 48_000, channels: int = 1, tags: Sequence[str] = ()
) -> bytes:
    """A tone in a file of one of `FORMATS`; `tags` are `name=value`."""
    container, codec = FORMATS[kind]
    buffer = io.BytesIO()
    with av.open(buffer, mode="w", format=container) as out:
        for name, value in (tag.split("=") for tag in tags):
            out.metadata[name] = value
        layout = "mono" if channels == 1 else "stereo"
        stream = out.add_stream(codec, rate=rate)
        stream.layout = layout
        samples = np.repeat(tone(seconds, rate), channels).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout=layout)
        frame.rate = rate
        for resampled in av.AudioResampler(format=stream.format, layout=layout, rate=rate).resample(frame):
            out.mux(stream.encode(resampled))
        out.mux(stream.encode(None))
    return buffer.getvalue()
