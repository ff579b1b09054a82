"""Files that no parser can read, one per way of being broken; a run must fail each of them and go on."""

from collections.abc import Mapping

_ACCENTS = "La válvula está dañada; la presión cayó y la señal tardó.\n"


def broken_files(pdf: bytes, docx: bytes) -> dict[str, bytes]:
    """Name and bytes of each broken file, made from one sound PDF and one sound DOCX."""
    files: Mapping[str, bytes] = {
        "truncated.pdf": pdf[: len(pdf) // 3],
        "empty.pdf": b"",
        "empty.txt": b"",
        "not-a-document.docx": _zip_without_a_document(),
        "truncated.docx": docx[: len(docx) // 2],
        "latin-1-with-utf-8-mark.txt": b"\xef\xbb\xbf" + _ACCENTS.encode("latin-1"),
        "one-bad-line.jsonl": b'{"id": "T-1", "text": "sound"}\n{"id": "T-2", "text": \n',
        "unknown-type.xyz": bytes(range(256)),
    }
    return dict(files)


def _zip_without_a_document() -> bytes:
    """The smallest zip archive: an end record and no entries."""
    return b"PK\x05\x06" + bytes(18)
