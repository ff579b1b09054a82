"""Whether the evidence is enough to answer: the rule that abstains.

Three reasons to abstain: there is no evidence; the question names a code or a name that the evidence does not
contain; the chosen sentences leave too much of the question unsaid. Calibrated on the example questions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from kgqa.ask.compose import Draft
from kgqa.ask.understand import CODE
from kgqa.model.answer import EvidenceChunk, Question
from kgqa.text.names import normalise, tokens

#: a name that is spelled nearly like one of the evidence is taken for it
SAME_NAME = 80.0
#: least share of the question's rarity that the chosen sentences must cover, in the evidence's own language
LEAST_COVERAGE = 0.47
#: least probability that the evidence answers the question
LEAST_CONFIDENCE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether to answer, and if not, why."""

    enough: bool
    #: `nothing`, `missing` or `thin`; `` when there is enough
    reason: str = ""
    #: names of the question that the evidence lacks
    missing: tuple[str, ...] = ()


def judge(
    question: Question, evidence: Sequence[EvidenceChunk], draft: Draft, confidence: float | None = None
) -> Verdict:
    """Decide about one draft: by its calibrated confidence, without one by how much of the question it covers."""
    if not evidence or not draft.passages:
        return Verdict(enough=False, reason="nothing")
    missing = tuple(missing_names(question, evidence))
    if confidence is not None and not draft.stepwise:
        unknown_code = any(CODE.fullmatch(surface) for surface in missing)
        fits = draft.coverage > 0.0  # a name or number is asked for, and some value in the evidence fits
        if confidence >= LEAST_CONFIDENCE and fits and not unknown_code:
            return Verdict(enough=True)
        return Verdict(enough=False, reason="missing" if missing else "thin", missing=missing)
    if missing:
        return Verdict(enough=False, reason="missing", missing=missing)
    foreign = all(p.chunk.language not in (question.language, "und") for p in draft.passages)
    if not foreign and draft.coverage < LEAST_COVERAGE:
        return Verdict(enough=False, reason="thin")
    return Verdict(enough=True)


_TEXTS = {
    "en": {
        "start": "I cannot answer this from the documents of the collection “{collection}” that you can read: ",
        "nothing": "nothing in them matches the question.",
        "missing": "the passages that come closest do not mention {names}.",
        "thin": "the passages that come closest say too little about what is asked.",
    },
    "es": {
        "start": "No puedo responder con los documentos de la colección «{collection}» que usted puede leer: ",
        "nothing": "nada en ellos coincide con la pregunta.",
        "missing": "los pasajes más cercanos no mencionan {names}.",
        "thin": "los pasajes más cercanos dicen demasiado poco sobre lo que se pregunta.",
    },
}


def abstention(verdict: Verdict, question: Question, collection: str) -> str:
    """What to say instead of an answer, in the language of the question where we have it. Tells no counts."""
    texts = _TEXTS.get(question.language, _TEXTS["en"])
    return texts["start"].format(collection=collection) + texts[verdict.reason].format(names=", ".join(verdict.missing))


def missing_names(question: Question, evidence: Sequence[EvidenceChunk]) -> list[str]:
    """Codes and names of the question that occur nowhere in the evidence, as written."""
    texts = [f" {' '.join(t.norm for t in tokens(_everything(chunk)))} " for chunk in evidence]
    return [s for s in question.surfaces if (norm := normalise(s)) and not any(_occurs(norm, s, t) for t in texts)]


def _occurs(norm: str, surface: str, text: str) -> bool:
    if f" {norm} " in text:
        return True
    if CODE.fullmatch(surface):
        return False
    return fuzz.partial_ratio(norm, text) >= SAME_NAME


def _everything(chunk: EvidenceChunk) -> str:
    return " ".join((chunk.title, *chunk.heading_path, chunk.text))
