"""Zipped formats: what is checked before a member of one is unpacked, and members by name, each within the limits.

Sizes are judged by what the directory of the archive states; the library never unpacks more of a member than that.
Nothing is written to disk, so a name that points outside the archive has no effect but its look.
"""

from __future__ import annotations

import io
import zipfile
import zlib

from kgqa.errors import InvalidInput, LimitExceeded
from kgqa.ingest.formats.parsed import ParseLimits

#: unpacked sizes below this are never a bomb
SMALL_BYTES = 10_000_000

_DAMAGE = (zipfile.BadZipFile, zlib.error, ValueError, NotImplementedError, EOFError, OSError)


class Archive:
    """An archive that passed the limits."""

    def __init__(self, data: bytes, limits: ParseLimits) -> None:
        """Raises InvalidInput (damaged, encrypted) or LimitExceeded (members, unpacked size)."""
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except _DAMAGE as problem:
            raise _damaged(problem) from None
        #: the members that are files, in the order of the archive
        self.members = tuple(member for member in self._zip.infolist() if not member.is_dir())
        self.names = frozenset(member.filename for member in self.members)
        _check(self.members, len(data), limits)

    def read(self, name: str) -> bytes:
        """A member unpacked. Raises InvalidInput where it is missing or damaged."""
        try:
            return self._zip.read(name)
        except KeyError:
            raise InvalidInput(f"This file lacks its part {name}.", hint="open and save it again.") from None
        except (*_DAMAGE, RuntimeError) as problem:
            raise _damaged(problem) from None

    def parts(self, *endings: str) -> list[str]:
        """Names of the members that end so."""
        return [member.filename for member in self.members if member.filename.lower().endswith(endings)]


def _check(members: tuple[zipfile.ZipInfo, ...], packed: int, limits: ParseLimits) -> None:
    if any(member.flag_bits & 1 for member in members):
        raise InvalidInput("This file is password-protected.", hint="save it without a password.")
    if len(members) > limits.members:
        raise LimitExceeded(
            f"This archive has {len(members):,} files, more than {limits.members:,}.",
            hint="split it, or put its files into the lake unpacked (KGQA_LIMITS__ARCHIVE_MEMBERS).",
        )
    unpacked = sum(member.file_size for member in members)
    if unpacked > limits.unpacked_bytes:
        raise LimitExceeded(
            f"This file unpacks to {unpacked:,} bytes, more than {limits.unpacked_bytes:,}.",
            hint="split the document, or remove its images (KGQA_LIMITS__UNPACKED_BYTES).",
        )
    if unpacked > SMALL_BYTES and unpacked > limits.expansion * packed:
        raise LimitExceeded(
            f"This file unpacks to {unpacked:,} bytes, more than {limits.expansion} times its size.",
            hint="split the document, or remove its images (KGQA_LIMITS__EXPANSION_RATIO).",
        )


def _damaged(problem: BaseException) -> InvalidInput:
    return InvalidInput(f"This file is damaged: {problem}.", hint="check that it was copied completely.")
