"""`python -m kgqa.adapters.parsing.child MEMORY OCR THREADS SPEECH`: reads documents from its standard input.

SPEECH is a model of `adapters.models.speech`, or empty. It limits its own memory before it reads the first document,
and ends when its parent does.
"""

from __future__ import annotations

import json
import os
import resource
import select
import sys
from typing import BinaryIO

from kgqa.adapters.models.ocr import RapidRecogniser
from kgqa.adapters.models.speech import WhisperRecogniser
from kgqa.adapters.parsing.messages import ENDS, LENGTH, answer, framed, refusal
from kgqa.errors import InvalidInput, KgqaError, LimitExceeded
from kgqa.ingest.formats.media_type import media_type
from kgqa.ingest.formats.parsed import ParseLimits, Reading
from kgqa.ingest.formats.readers import read_as

#: how often a child without work looks whether its parent is there
LOOK_SECONDS = 5.0


def main(arguments: list[str]) -> None:
    """Serve until the input ends, the parent ends, or memory was refused (what is left of it may be in pieces)."""
    memory, ocr, threads, speech = int(arguments[0]), arguments[1] == "ocr", int(arguments[2]), arguments[3]
    _limit(memory)
    source, target = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print is not an answer
    recogniser = RapidRecogniser(threads=threads) if ocr else None
    listener = WhisperRecogniser(speech, threads=threads) if speech else None
    parent = os.getppid()
    while _has_work(source, parent):
        header = source.read(LENGTH)
        if len(header) < LENGTH:
            return
        request = json.loads(source.read(int.from_bytes(header, "big")))
        data = source.read(request["bytes"])
        reading = Reading(limits=ParseLimits(**request["limits"]), recogniser=recogniser, listener=listener)
        is_out_of_memory = False
        try:
            kind = media_type(data, request["name"], request["declared"])
            message = answer(kind, read_as(kind, data, request["declared"], reading))
        except KgqaError as problem:
            message = refusal(problem)
        except MemoryError:
            is_out_of_memory = True
            message = {**refusal(out_of_memory(memory)), ENDS: True}
        except RecursionError:
            message = refusal(InvalidInput("This file nests too deeply.", hint="save it in another format."))
        target.write(framed(message))
        target.flush()
        if is_out_of_memory:
            return


def out_of_memory(memory: int) -> LimitExceeded:
    """The refusal of a document that needs too much."""
    return LimitExceeded(
        f"Reading this file needs more memory than {memory // 1_000_000:,} MB.",
        hint="split it into parts, or raise KGQA_LIMITS__DOCUMENT_MEMORY_BYTES.",
    )


def _limit(memory: int) -> None:
    """Bound the address space; a crash writes no core file."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform.startswith("linux"):
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))


def _has_work(source: BinaryIO, parent: int) -> bool:
    while not select.select([source], [], [], LOOK_SECONDS)[0]:
        if os.getppid() != parent:
            return False
    return True


if __name__ == "__main__":
    main(sys.argv[1:])
