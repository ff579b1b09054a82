from pathlib import Path

import pytest

from kgqa.errors import InvalidInput
from kgqa.evaluation import hearing
from kgqa.ingest.formats.parsed import Parsed, ParseLimits, Reading
from kgqa.ingest.formats.readers import read_any
from kgqa.ingest.pipeline import IngestOptions
from tests.unit.ingest.recordings import Scripted, recording


class Listening:
    """Reads in this process, and hears what was scripted."""

    version = "scripted"

    def read(self, data: bytes, name: str, declared: str | None, limits: ParseLimits) -> tuple[str, Parsed]:
        return "audio/wav", read_any(
            data, name, declared, Reading(limits=limits, listener=Scripted((0, 1, "10 of cubs.")))
        )


def folder(path: Path, *lines: str) -> Path:
    (path / "cards").mkdir()
    (path / "cards" / "cards.transcription").write_text("\n".join(lines))
    for name in ("001", "002"):
        (path / "cards" / f"{name}.wav").write_bytes(recording("wav", 0.1) if name == "001" else b"nothing")
    return path


def test_words_that_are_wrong_are_counted(tmp_path: Path):
    listed = hearing.recordings(folder(tmp_path, "<s> ten of clubs  </s> (001)", "five five (002)"))
    first, second = hearing.measure(listed, IngestOptions(reader=Listening()))
    assert (first.heard, first.edits, first.words, first.reason) == ("10 of cubs.", 1, 3, "")
    assert (second.heard, second.edits, second.words) == ("", 2, 2)
    assert "called one" in second.reason
    rate, low, high = hearing.error_rate([first, second])
    assert (rate, low, high) == (0.6, pytest.approx(1 / 3), 1.0)
    assert hearing.report([first])["word_error_rate"] == pytest.approx(1 / 3)


def test_a_list_without_its_recordings_is_refused(tmp_path: Path):
    with pytest.raises(InvalidInput, match="without a recording"):
        hearing.recordings(folder(tmp_path, "five (003)"))
    with pytest.raises(InvalidInput, match="holds no"):
        hearing.recordings(tmp_path / "none")
