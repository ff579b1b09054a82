"""Nested questions, answered step by step: what one step finds is what the next one asks about.

Each step reads the sentences that name what is known so far, best first by how many of the step's names and words
they say, and takes from them the names that fit what the step describes. A beam of a few ways is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from kgqa.ask.asks import Ask, asks, english
from kgqa.ask.decompose import Step, named, steps
from kgqa.ask.known import Known
from kgqa.ask.passages import FIELD, Passage
from kgqa.ask.values import TYPES, Value, values
from kgqa.ask.words import terms
from kgqa.model.answer import Question
from kgqa.ports import MentionRow

#: ways kept from step to step
BEAM = 6
#: sentences looked at for each way
MOST_SENTENCES = 40
#: worth of what a sentence says of the step's words, against what any sentence about the right things is worth
WORDS_SHARE, CLOSENESS_SHARE = 0.6, 0.15
#: worth of a value that names what the document is about instead of standing in the sentence
TITLE_FIT = 0.7
#: a sentence that says two steps at once needs no nested question
AT_ONCE = 0.3
#: least worth of a step, on average, of ways that are believed; and of the only step
LEAST_STEP = 0.075
LEAST_ONLY_STEP = 0.48
#: "the Embedded Software group": a noun so many characters from a name says what it is
NEAR = 10
#: a name of no fitting type
LEAST_FIT = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How far one way through the steps has come."""

    #: sentences so far, each with the names that it was found for
    passages: tuple[Passage, ...]
    #: the name found last
    name: int
    #: names found on the way, and names of the question that its sentences say
    bridges: frozenset[int]
    said: frozenset[int]
    #: the answer, where the last step is done
    short: str
    #: 0 to 1
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """The best ways, of all asks together and one by one."""

    #: per ask its best ways; none where a step finds nothing
    ways: tuple[tuple[Way, ...], ...]
    #: names that are worth reading about to get further
    frontier: tuple[int, ...]
    #: most steps of an ask
    depth: int

    @property
    def solved(self) -> bool:
        """Whether each ask has a trustworthy answer; a question of one step is to be answered outright."""
        least = LEAST_STEP if self.depth > 1 else LEAST_ONLY_STEP
        return all(self.ways) and self.score ** (1.0 / self.depth) >= least

    @property
    def passages(self) -> tuple[Passage, ...]:
        """The sentences of the best ways, in their order."""
        return tuple({(p.chunk.chunk_id, p.start): p for ways in self.ways for p in ways[0].passages}.values())

    @property
    def short(self) -> str:
        """The answers, joined by semicolons."""
        return "; ".join(dict.fromkeys(ways[0].short for ways in self.ways))

    @property
    def score(self) -> float:
        """What the weakest of the best ways is worth."""
        return min(ways[0].score for ways in self.ways)


def solve(question: Question, pool: Sequence[Passage]) -> Solution:
    """Answer every ask of the question in steps."""
    known = Known(pool, named(question))
    found: list[tuple[Way, ...]] = []
    frontier: dict[int, None] = {}
    depth = 0
    earlier: frozenset[int] = frozenset()
    for ask in asks(question.text, question.language):
        plan = steps(ask, question, known.kinds)
        depth = max(depth, len(plan))
        ways = _walk(question, ask, plan, known, earlier, frontier)
        found.append(ways)
        if ways:
            earlier |= ways[0].bridges
    return Solution(ways=tuple(found), frontier=tuple(frontier), depth=depth)


def _walk(
    question: Question,
    ask: Ask,
    plan: Sequence[Step],
    known: Known,
    earlier: frozenset[int],
    frontier: dict[int, None],
) -> tuple[Way, ...]:
    """Ways through all steps, the best first. Names that were found on them are added to `frontier`."""
    # "and who signed off the change?": the change of what was found before
    start = known.same(earlier) if not plan[0].names else {}
    ways = [Way(passages=(), name=0, bridges=frozenset(), said=frozenset(), short="", score=1.0)]
    wanted: frozenset[int] = frozenset()
    for step in plan[:-1]:
        wanted |= step.names
        longer = [w for way in ways for w in _bridged(way, step, wanted - way.said, known, question, start)]
        ways = _best(longer, lambda way: way.name)
        start = {}
        frontier.update(dict.fromkeys(name for way in ways for name in known.same({way.name})))
    wanted |= plan[-1].names
    done = [w for way in ways for w in _answered(way, plan[-1], wanted - way.said, known, question, ask, start)]
    return tuple(_best(done, lambda way: way.short))


def _best(ways: Sequence[Way], key: Callable[[Way], object]) -> list[Way]:
    """The best ways; of those with the same result the best."""
    distinct: dict[object, Way] = {}
    for way in sorted(ways, key=lambda way: (-way.score, way.name, way.short)):
        distinct.setdefault(key(way), way)
    return list(distinct.values())[:BEAM]


def _bridged(
    way: Way, step: Step, wanted: frozenset[int], known: Known, question: Question, start: Mapping[int, float]
) -> Iterator[Way]:
    """The way with one step more, for every name that the step may mean."""
    before = known.same({way.name}) if way.name else start
    asked = frozenset(question.name_ids)
    for worth, passage, said in _sentences(step, before, wanted, known):
        for mention, fit in _bridges(step, passage, known, question.language):
            if mention.name_id in before or mention.name_id in known.same(asked) or mention.name_id in way.bridges:
                continue
            yield replace(
                way,
                passages=(*way.passages, passage),
                name=mention.name_id,
                bridges=way.bridges | {mention.name_id},
                said=way.said | said,
                score=way.score * worth * fit,
            )


def _answered(
    way: Way,
    step: Step,
    wanted: frozenset[int],
    known: Known,
    question: Question,
    ask: Ask,
    start: Mapping[int, float],
) -> Iterator[Way]:
    """The way with its last step, for every value that the ask may mean."""
    before = known.same({way.name}) if way.name else start
    all_words = terms(question.text, question.language)
    bridge = {m.norm for p in way.passages for m in p.mentions if m.name_id in before}
    asking = replace(ask, text=step.text)
    for worth, passage, said in _sentences(step, before, wanted, known):
        for value in values(asking, passage, all_words, question.language):
            if value.text.casefold() in bridge:
                continue
            yield replace(
                way,
                passages=(*way.passages, passage),
                said=way.said | said,
                short=value.text,
                score=way.score * worth * _sure(value) * (AT_ONCE if passage in way.passages else 1.0),
            )


def _sure(value: Value) -> float:
    return min(value.fit, 1.6) / 1.6


def _sentences(
    step: Step, before: Mapping[int, float], wanted: frozenset[int], known: Known
) -> list[tuple[float, Passage, frozenset[int]]]:
    """Sentences about what is known so far that say most of the step, with their worth and the names they say."""
    found: list[tuple[float, int, frozenset[int]]] = []
    for place in known.about(before or wanted):
        hits = {name: known.says(place, {name: 1.0}) for name in wanted}
        weights = {name: known.rarity(name) for name in wanted}
        said = sum(hits[n] * weights[n] for n in wanted) / sum(weights.values()) if wanted else 1.0
        anchor = known.says(place, before) if before else said
        words = known.covers(place, step.terms)
        worth = anchor * (0.4 + 0.6 * said)
        worth *= 1.0 - WORDS_SHARE - CLOSENESS_SHARE + WORDS_SHARE * words + CLOSENESS_SHARE * known.closeness(place)
        if worth > 0:
            found.append((worth, place, frozenset(n for n, hit in hits.items() if hit)))
    found.sort(key=lambda item: (-item[0], item[1]))
    return [(worth, known.pool[place], said) for worth, place, said in found[:MOST_SENTENCES]]


def _bridges(step: Step, passage: Passage, known: Known, language: str) -> Iterator[tuple[MentionRow, float]]:
    """Names that the step may mean, in the sentence and in the title above it, with how well they fit."""
    text = passage.chunk.text
    noun = terms(step.noun, language)
    fields = [(m.span("value"), terms(m["label"], language)) for m in FIELD.finditer(text, passage.start, passage.end)]
    for mention in passage.mentions:
        label = next((label for (a, b), label in fields if a <= mention.start and mention.end <= b), frozenset())
        fit = _fit(step, mention, known)
        around = terms(text[max(passage.start, mention.start - NEAR) : mention.end + NEAR], language)
        if label & noun or (not fields and around & noun):
            fit = max(fit, 1.0)
        elif label & step.terms:
            fit = max(fit, 0.9)
        yield mention, fit
    titled = terms(passage.chunk.title, language) & noun
    for mention in known.titles(passage):
        fit = _fit(step, mention, known)
        yield mention, TITLE_FIT * (max(fit, 1.0) if titled and mention.type == "CODE" else fit)


def _fit(step: Step, mention: MentionRow, known: Known) -> float:
    """How well the type of a name fits what the step describes."""
    nouns = set(english(step.noun).split())
    if nouns & set(mention.type.casefold().split("_")):
        return 1.0
    if mention.type in TYPES.get(step.type, frozenset()):
        return 0.9
    if step.type == "IDENTIFIER" and not nouns & known.kinds:
        return 0.7 if any(character.isdigit() for character in mention.norm) else LEAST_FIT
    if step.type:
        return LEAST_FIT if mention.type else 0.2
    return 0.5 if mention.type else 0.2
