"""The document events of a program: what a source would send to a topic, in order, with repeats and stale ones.

An operation's number gives the version, so the versions of a document rise also where some of its changes are jobs.
"""

from __future__ import annotations

import json

from kgqa.adapters.kafka.topics import Letter
from kgqa.soak.program import Operation, Page, Round


class Journal:
    """What was sent so far. It follows from the program: `letters` wants every round, from the first one on."""

    def __init__(self, collection: str) -> None:
        #: different events; each takes effect once
        self.events = 0
        self._collection = collection
        self._all: list[Letter] = []
        self._of: dict[str, list[Letter]] = {}

    def letters(self, each: Round) -> list[Letter]:
        """The messages of a round; what is sent once more comes last.

        An earlier event is one of the same document where there is one, else of any: jobs may have changed or deleted
        that document since.
        """
        fresh: list[Letter] = []
        repeats: list[Letter] = []
        for operation in each.operations:
            if operation.way == "job":
                continue
            for key, page in operation.changes.items():
                letter = event(self._collection, operation, key, page)
                earlier = self._of.get(key) or self._all
                if operation.again == "same":
                    repeats.append(letter)
                elif operation.again == "earlier" and earlier:
                    repeats.append(earlier[operation.number % len(earlier)])
                self._of.setdefault(key, []).append(letter)
                fresh.append(letter)
        self._all += fresh
        self.events += len(fresh)
        return fresh + repeats


def event(collection: str, operation: Operation, key: str, page: Page | None) -> Letter:
    """What an operation does to one document, as the message of a topic."""
    message: dict[str, object] = {"collection": collection, "key": key, "version": version(operation)}
    if page is None:
        message["op"] = "delete"
    elif operation.action == "access":
        message |= {"op": "acl", "principals": page.principals}
    else:
        message |= {"op": "upsert", "principals": page.principals, "text": page.text, "uri": uri(collection, key)}
    return Letter(value=json.dumps(message).encode(), key=key.encode())


def version(operation: Operation) -> int:
    """The version of an operation's events."""
    return operation.number + 1


def uri(collection: str, key: str) -> str:
    """Where a document is said to be, whichever way it comes: what an upload is given."""
    return f"upload://{collection}/{key}"
