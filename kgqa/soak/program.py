"""A random program: what is done to a lake, what is killed meanwhile, and what the lake is after each step.

Everything follows from the seed, so a run that was cut off knows where it was from a number alone. Documents share
names, sentences and whole texts: most of what can go wrong goes wrong between documents.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

Action = Literal["upsert", "edit", "delete", "move", "access"]
#: a job for a worker, or an event for a stream
Way = Literal["job", "event"]
#: what is sent once more after an event: the event itself, or an earlier one
Again = Literal["same", "earlier"]

NAMES = (
    "Kestrel Seals", "Northline Castings", "Elena Ruiz", "Tomas Moravec", "Brightwater", "Tessera Optics", "Priya Nair",
    "Aberdeen", "Valencia", "Project Heron", "Harbour Bridge", "Marlow Institute",
)  # fmt: skip
VERBS = ("supplies", "acquired", "works for", "is based in", "was founded by", "replaced", "inspects")
TITLES = ("Supplier note", "Meeting", "Elena Ruiz", "Harbour Bridge", "Project Heron", "Weekly report")
FULL_FORMS = ("Northline Castings (NLC)", "Marlow Institute (MI)", "Tessera Optics (TO)")
PRINCIPALS = (("public",), ("public",), ("group:sales",), ("group:engineering", "group:sales"))
#: servers and processes, as often as they are killed
FAULTS = ("worker", "worker", "postgres", "postgres", "neo4j", "redis", "driver", "kafka")
WAYS: tuple[Way, ...] = ("job", "event")
AGAIN: tuple[Again | None, ...] = (None, None, "same", "earlier")
#: operations that run at the same time, each on documents of its own
MOST_AT_ONCE = 5
#: the lake shrinks from here on more often than it grows
LARGE = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A document of the lake."""

    text: str
    principals: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A change of one document; None: it goes."""

    number: int
    action: Action
    changes: Mapping[str, Page | None]
    way: Way
    #: None: nothing; a job is done once
    again: Again | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """Operations that run at the same time, and what is killed so many seconds after they started."""

    operations: tuple[Operation, ...]
    #: the lake afterwards, by key
    lake: Mapping[str, Page]
    fault: str | None
    delay: float


def rounds(seed: int, operations: int, *, kill_share: float = 0.4) -> Iterator[Round]:
    """The program of a seed, of so many operations; a longer one begins as a shorter one does."""
    chooser = random.Random(seed)
    lake: dict[str, Page] = {}
    number = 0
    while number < operations:
        # drawn before anything depends on how many operations are left
        wanted, killed = chooser.randint(1, MOST_AT_ONCE), chooser.random() < kill_share
        fault, delay = chooser.choice(FAULTS), chooser.uniform(0, 3)
        done: list[Operation] = []
        touched: set[str] = set()
        for _ in range(min(wanted, operations - number)):
            action, changes = _change(number, chooser, lake, touched)
            way, again = chooser.choice(WAYS), chooser.choice(AGAIN)
            operation = Operation(
                number=number, action=action, changes=changes, way=way, again=again if way == "event" else None
            )
            touched.update(operation.changes)
            _apply(lake, operation)
            done.append(operation)
            number += 1
        yield Round(operations=tuple(done), lake=dict(lake), fault=fault if killed else None, delay=delay)


def _apply(lake: dict[str, Page], operation: Operation) -> None:
    for key, page in operation.changes.items():
        if page is None:
            lake.pop(key)
        else:
            lake[key] = page


def _change(
    number: int, chooser: random.Random, lake: Mapping[str, Page], touched: set[str]
) -> tuple[Action, dict[str, Page | None]]:
    """A change of documents that this round has not touched."""
    free = sorted(lake.keys() - touched)
    actions: tuple[Action, ...] = ("upsert", "edit", "delete", "move", "access")
    weights = (1, 3, 2, 1, 2) if len(lake) > LARGE else (6, 3, 1, 1, 2)
    action = chooser.choices(actions, weights)[0] if free else "upsert"
    new = f"folder-{number % 3}/page-{number}.md"
    if action == "upsert":
        return action, {new: _page(chooser, lake)}
    key = chooser.choice(free)
    page = lake[key]
    if action == "edit":
        return action, {key: Page(text=_edited(page.text, chooser), principals=page.principals)}
    if action == "delete":
        return action, {key: None}
    if action == "move":
        return action, {key: None, new: page}
    others = [who for who in PRINCIPALS if who != page.principals]
    return action, {key: Page(text=page.text, principals=chooser.choice(others))}


def _page(chooser: random.Random, lake: Mapping[str, Page]) -> Page:
    principals = chooser.choice(PRINCIPALS)
    if lake and chooser.random() < 0.15:  # a copy
        return Page(text=lake[chooser.choice(sorted(lake))].text, principals=principals)
    paragraphs = [_paragraph(chooser) for _ in range(chooser.randint(1, 4))]
    title = f"# {chooser.choice(TITLES)}\n\n" if chooser.random() < 0.7 else ""
    return Page(text=title + "\n\n".join(paragraphs) + "\n", principals=principals)


def _paragraph(chooser: random.Random) -> str:
    return " ".join(_sentence(chooser) for _ in range(chooser.randint(2, 5)))


def _sentence(chooser: random.Random) -> str:
    if chooser.random() < 0.1:
        return f"{chooser.choice(FULL_FORMS)} was mentioned on page {chooser.randrange(90)}."
    left, right = chooser.sample(NAMES, 2)
    return f"{left} {chooser.choice(VERBS)} {right} since {chooser.randrange(1950, 2020)}."


def _edited(text: str, chooser: random.Random) -> str:
    """The text with one paragraph changed: a sentence more, or another in place of the last one."""
    paragraphs = text.rstrip("\n").split("\n\n")
    place = chooser.randrange(len(paragraphs))
    if paragraphs[place].startswith("#"):
        paragraphs[place] = f"# {chooser.choice(TITLES)}"
    elif chooser.random() < 0.5:
        paragraphs[place] += " " + _sentence(chooser)
    else:
        sentences = paragraphs[place].split(". ")
        paragraphs[place] = ". ".join([*sentences[:-1], _sentence(chooser)])
    return "\n\n".join(paragraphs) + "\n"
