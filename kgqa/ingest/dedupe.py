"""What makes two documents the same: exactly (hash of the folded text) or nearly (MinHash over word 5-grams).

Which of several equal documents is the original is decided in the record, where all of them are known.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from hashlib import blake2b, sha256

import numpy as np
from datasketch import MinHash

from kgqa.model.document import LakeFile, RawDocument

PERMUTATIONS = 64
SHINGLE_WORDS = 5
#: likeness from which two documents are marked as near duplicates
NEAR = 0.9

_WORD = re.compile(r"\w+")


def content_hash(raw: RawDocument) -> bytes:
    """Hash of everything the source delivered: bytes, type, place, access list, metadata. 32 bytes."""
    if raw.recorded_hash:
        return raw.recorded_hash
    envelope = json.dumps([raw.media_type, raw.uri, sorted(raw.principals), sorted(raw.metadata.items())])
    return sha256(sha256(raw.data).digest() + envelope.encode()).digest()


def listing_hash(file: LakeFile, principals: Sequence[str]) -> bytes:
    """Hash of what a listing says of a file: place, readers, size, mark. 32 bytes; empty where there is no mark."""
    if not file.mark:
        return b""
    return sha256(json.dumps([file.uri, sorted(principals), file.size, file.mark]).encode()).digest()


def text_hash(text: str) -> bytes:
    """SHA-256 of the text with every run of space folded into one: 32 bytes."""
    return sha256(" ".join(text.split()).encode()).digest()


def minhash(text: str) -> bytes:
    """Near-duplicate signature: 64 little-endian 32-bit values; empty for a text without words.

    Broder, On the resemblance and containment of documents, 1997. Texts shorter than five words are one shingle.
    """
    words = _WORD.findall(text.casefold())
    if not words:
        return b""
    starts = range(max(1, len(words) - SHINGLE_WORDS + 1))
    shingles = {" ".join(words[start : start + SHINGLE_WORDS]) for start in starts}
    signature = MinHash(num_perm=PERMUTATIONS, seed=1, hashfunc=_hash, scheme="affine32")
    signature.update_batch([shingle.encode() for shingle in sorted(shingles)])
    return np.asarray(signature.hashvalues).astype("<u4").tobytes()


def near(left: bytes, right: bytes) -> float:
    """Estimated Jaccard similarity of two signatures, in [0, 1]; 0 where one of them is empty."""
    if not left or not right:
        return 0.0
    return float(np.mean(np.frombuffer(left, "<u4") == np.frombuffer(right, "<u4")))


def _hash(data: bytes) -> int:
    return int.from_bytes(blake2b(data, digest_size=4).digest(), "little")
