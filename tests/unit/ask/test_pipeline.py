"""The whole ask path over a lake in memory."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from kgqa.ask.pipeline import answer, answer_events
from kgqa.errors import DependencyUnavailable, InvalidInput, LimitExceeded, ModelOutputError, NotFound
from kgqa.model.answer import (
    AskOptions,
    Caller,
    CitationFound,
    Failed,
    Finished,
    GraphFound,
    SourcesFound,
    TextDelta,
    WarningRaised,
)
from tests.unit.ask.doubles import PUBLIC, MemoryIndex, services
from tests.unit.ask.lakes import SUPPORT_DESK, lake

IVY = Caller(subject="user:ivy", principals=("public", "user:ivy"))
HARD = (
    "Which supplier makes the part behind error E-417 on the pump that replaced the P200, "
    "and who signed off the change?"
)


class Scripted:
    """A generator that says what it is told, then maybe fails."""

    model = "scripted"

    def __init__(self, *pieces: str, failure: Exception | None = None) -> None:
        self.pieces, self.failure = pieces, failure
        self.prompts: list[str] = []

    def stream(self, prompt: str, *, max_tokens: int) -> Iterator[str]:
        self.prompts.append(prompt)
        yield from self.pieces
        if self.failure:
            raise self.failure


def test_a_question_over_four_documents_finds_the_supplier_and_the_signer():
    given = answer(HARD, PUBLIC, "test", services(lake()))
    assert "Kestrel Seals" in given.short
    assert "Marta Lindqvist" in given.short
    assert not given.abstained


def test_every_quote_is_the_document_text_at_its_offsets():
    texts = {key: text for key, _, text, _ in SUPPORT_DESK}
    given = answer(HARD, PUBLIC, "test", services(lake()))
    assert given.citations
    for n, citation in enumerate(given.citations, start=1):
        assert citation.n == n
        assert f"[{n}]" in given.text
        assert citation.quote == texts[citation.document_key][citation.start : citation.end]


def test_cited_chunks_hang_together_with_the_question():
    given = answer("Who signed off change order CO-2041?", PUBLIC, "test", services(lake()))
    assert given.short == "Marta Lindqvist"
    labels = {node.label for node in given.evidence.nodes}
    assert "CO-2041" in labels
    assert any(path.label.startswith("CO-2041 - [Register]") for path in given.evidence.paths)
    nodes = {node.id for node in given.evidence.nodes}
    assert all({f"chunk:{e.chunk_id}", f"name:{e.name_id}"} <= nodes for e in given.evidence.edges)


def test_events_come_in_order_and_end_with_the_same_answer():
    events = list(answer_events("Who signed off CO-2041?", PUBLIC, "test", services(lake())))
    assert isinstance(events[0], SourcesFound)
    assert isinstance(events[1], GraphFound)
    finished = events[-1]
    assert isinstance(finished, Finished)
    assert "".join(e.text for e in events if isinstance(e, TextDelta)) == finished.answer.text
    assert tuple(e.citation for e in events if isinstance(e, CitationFound)) == finished.answer.citations


@pytest.mark.parametrize("question", ["Who signed off change order CO-9999?", "What does error E-990 mean?"])
def test_an_unknown_code_leads_to_an_abstention_that_names_it(question):
    given = answer(question, PUBLIC, "test", services(lake()))
    assert given.abstained
    assert given.citations == ()
    assert "CO-9999" in given.text or "E-990" in given.text


def test_nothing_to_read_leads_to_an_abstention():
    given = answer("Who signed off CO-2041?", PUBLIC, "test", services(lake([])))
    assert given.abstained
    assert "test" in given.text


def test_an_answer_is_the_same_as_if_hidden_documents_did_not_exist():
    question = "What do we pay for part HP-7731-04?"
    whole = answer(question, PUBLIC, "test", services(lake()))
    without = answer(question, PUBLIC, "test", services(lake([t for t in SUPPORT_DESK if t[3] == 1])))
    assert replace(whole, timings={}) == replace(without, timings={})
    assert "9.57" not in whole.text
    assert "9.57" in answer(question, IVY, "test", services(lake())).text


def test_a_chunk_that_became_unreadable_while_answering_is_not_quoted():
    store = lake()
    events = answer_events("Who signed off change order CO-2041?", PUBLIC, "test", services(store))
    assert isinstance(next(events), SourcesFound)
    store.chunks = [chunk for chunk in store.chunks if chunk.chunk.document_key != "register"]
    finished = list(events)[-1]
    assert isinstance(finished, Finished)
    assert "Marta Lindqvist" not in finished.answer.text
    assert all(citation.document_key != "register" for citation in finished.answer.citations)


def test_an_answer_takes_a_bounded_number_of_reads():
    store = lake()
    index = MemoryIndex(store)
    answer(HARD, PUBLIC, "test", services(store, index=index))
    assert index.calls["candidates"] == 1
    assert index.calls["names"] <= 5
    assert index.calls["evidence"] <= 6
    assert index.calls["mentions"] <= 6
    assert index.calls["sentence_scores"] <= 6


def test_sentences_of_a_generator_are_kept_when_the_evidence_supports_them():
    generator = Scripted("HP-7731-04 is supplied", " by Kestrel Seals [3]. The moon", " is made of green cheese.")
    given = answer("Which supplier makes part HP-7731-04?", PUBLIC, "test", services(lake(), generator=generator))
    assert given.text == "HP-7731-04 is supplied by Kestrel Seals. [1]"
    assert given.citations[0].document_key == "parts"
    assert any("1 sentence" in warning for warning in given.warnings)
    assert "HP-7731-04" in generator.prompts[0]


@pytest.mark.parametrize(
    "generator",
    [
        Scripted(failure=DependencyUnavailable("refused")),
        Scripted(failure=ModelOutputError("garbage")),
        Scripted(""),
        Scripted("NO ANSWER"),
        Scripted("The moon is made of green cheese."),
    ],
)
def test_a_generator_that_does_not_deliver_is_replaced_by_quotes_with_a_warning(generator):
    given = answer("Which supplier makes part HP-7731-04?", PUBLIC, "test", services(lake(), generator=generator))
    assert "Kestrel Seals" in given.text
    assert given.warnings


def test_a_generator_that_breaks_off_leaves_what_was_verified():
    generator = Scripted("HP-7731-04 is supplied by Kestrel Seals. And", failure=ModelOutputError("cut"))
    events = list(
        answer_events("Which supplier makes part HP-7731-04?", PUBLIC, "test", services(lake(), generator=generator))
    )
    assert any(isinstance(event, WarningRaised) and "incomplete" in event.message for event in events)
    assert isinstance(events[-1], Finished)
    assert events[-1].answer.text == "HP-7731-04 is supplied by Kestrel Seals. [1]"


def test_known_failures_are_events_and_exceptions():
    parts = services(lake())
    (failed,) = answer_events("?!", PUBLIC, "test", parts)
    assert isinstance(failed, Failed)
    assert failed.code == "INVALID_INPUT"
    with pytest.raises(InvalidInput):
        answer("?!", PUBLIC, "test", parts)
    with pytest.raises(NotFound):
        answer("Who?", PUBLIC, "other", parts)
    with pytest.raises(LimitExceeded):
        answer("why " * 50, PUBLIC, "test", parts, AskOptions(question_characters=100))


@pytest.mark.parametrize("mode", ["keyword", "vector", "fused", "graph"])
def test_every_mode_answers_a_plain_question(mode):
    given = answer("Who signed off change order CO-2041?", PUBLIC, "test", services(lake()), AskOptions(mode=mode))
    assert "Marta Lindqvist" in given.text
