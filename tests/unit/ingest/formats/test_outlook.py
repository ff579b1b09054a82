"""Messages of Outlook; the compound file is written here, with streams of whole sectors and no small ones."""

import struct

from tests.unit.ingest.documents import read

SECTOR = 512
FREE, END, FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD


def make_compound(streams: dict[str, bytes]) -> bytes:
    """A compound file ([MS-CFB]) of streams at its root. Each has 4096 bytes: smaller ones are kept otherwise."""
    padded = {name: data.ljust(4096, b"\0") for name, data in streams.items()}
    entries = -(-(len(padded) + 1) // 4)
    sectors = entries + sum(-(-len(data) // SECTOR) for data in padded.values())
    fats = -(-(sectors + 4) // 128)
    table = [FAT] * fats + [fats + at + 1 for at in range(entries - 1)] + [END]
    directory = _entry("Root Entry", 5, child=1, start=END, size=0)
    body = b""
    for at, (name, data) in enumerate(padded.items(), 1):
        directory += _entry(name, 2, right=at + 1 if at < len(padded) else FREE, start=len(table), size=len(data))
        count = -(-len(data) // SECTOR)
        table += [len(table) + step + 1 for step in range(count - 1)] + [END]
        body += data.ljust(count * SECTOR, b"\0")
    table += [FREE] * (fats * 128 - len(table))
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack("<IIIIIIIII", 0, fats, fats, 0, 4096, END, 0, END, 0)
    header += struct.pack("<109I", *range(fats), *[FREE] * (109 - fats))
    directory = directory.ljust(entries * SECTOR, b"\0")
    return header + struct.pack(f"<{len(table)}I", *table) + directory + body


def _entry(name: str, kind: int, *, child: int = FREE, right: int = FREE, start: int, size: int) -> bytes:
    text = name.encode("utf-16-le") + b"\0\0"
    links = struct.pack("<HBBIII", len(text), kind, 1, FREE, right, child)
    return text.ljust(64, b"\0") + links + bytes(36) + struct.pack("<IQ", start, size)


def make_msg() -> bytes:
    texts = {
        "0037": "Leak at the P350", "0C1A": "Ana Ruiz", "5D01": "ana@example.org", "0E04": "desk@example.org",
        "1000": "The seal leaks again.\r\n\r\nRegards\r\nAna",
    }  # fmt: skip
    sent = struct.pack("<HHIQ", 0x40, 0x39, 6, 133_540_146_000_000_000)
    streams = {f"__substg1.0_{number}001F": text.encode("utf-16-le") for number, text in texts.items()}
    return make_compound({**streams, "__properties_version1.0": bytes(32) + sent})


def test_msg_gives_its_headers_and_body():
    document = read(make_msg(), "leak.msg")
    assert document.text == (
        "From: Ana Ruiz <ana@example.org>\nTo: desk@example.org\nDate: 2024-03-04T08:30:00+00:00\n\n"
        "The seal leaks again.\n\nRegards\nAna"
    )
    assert (document.title, document.metadata["author"]) == ("Leak at the P350", "Ana Ruiz <ana@example.org>")
