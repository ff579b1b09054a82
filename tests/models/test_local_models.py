"""A generator and a reader of this machine, on tiny random models."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import active_count

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoModelForQuestionAnswering, AutoTokenizer

from kgqa.adapters.models.local_generator import TransformersGenerator
from kgqa.adapters.models.span_reader import TransformersReader
from kgqa.ask.pipeline import answer
from kgqa.errors import ModelOutputError
from tests.unit.ask.doubles import PUBLIC, services
from tests.unit.ask.lakes import lake

PROMPT = "the seal of the pump"


def test_the_pieces_are_the_likeliest_reply(writer: Path) -> None:
    pieces = list(TransformersGenerator(writer, device="cpu").stream(PROMPT, max_tokens=12))
    tokenizer = AutoTokenizer.from_pretrained(writer)
    inputs = tokenizer(PROMPT, return_tensors="pt")
    model = AutoModelForCausalLM.from_pretrained(writer)
    whole = model.generate(**inputs, max_new_tokens=12, do_sample=False, pad_token_id=1)[0]
    reply = whole[inputs["input_ids"].shape[1] :]
    assert 0 < len(reply) <= 12
    assert "".join(pieces) == tokenizer.decode(reply, skip_special_tokens=True)


def test_closing_the_stream_stops_the_model_and_its_thread(writer: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    generator = TransformersGenerator(writer, device="cpu")
    list(generator.stream(PROMPT, max_tokens=1))
    _, model = generator._load()
    threads = active_count()
    steps: list[int] = []
    forward = model.forward
    monkeypatch.setattr(model, "forward", _counted(forward, steps))
    stream = generator.stream(PROMPT, max_tokens=40)
    next(stream)
    stream.close()
    assert active_count() == threads
    stopped = len(steps)
    assert stopped < 40
    assert list(generator.stream(PROMPT, max_tokens=1)) is not None
    assert len(steps) == stopped + 1


def _counted(forward: Callable[..., object], steps: list[int]) -> Callable[..., object]:
    def counted(*args: object, **options: object) -> object:
        steps.append(1)
        return forward(*args, **options)

    return counted


def test_a_prompt_that_does_not_fit_is_refused(writer: Path) -> None:
    with pytest.raises(ModelOutputError, match="takes 64"):
        list(TransformersGenerator(writer, device="cpu").stream("the pump " * 30, max_tokens=20))


def test_nonsense_is_not_believed(writer: Path) -> None:
    asking = services(lake(), generator=TransformersGenerator(writer, device="cpu"))
    given = answer("Who signed off change order CO-2041?", PUBLIC, "test", asking)
    assert given.short == "Marta Lindqvist"
    assert given.warnings


@pytest.mark.parametrize("text", ["the kestrel makes the seal", "pump", "of the part " * 300])
def test_the_span_is_the_best_of_the_models_scores(pointer: Path, text: str) -> None:
    question = "the part of the pump"
    found = TransformersReader(pointer, device="cpu").read(question, text)
    tokenizer = AutoTokenizer.from_pretrained(pointer)
    encoded = tokenizer(
        question, text, truncation="only_second", max_length=512, return_offsets_mapping=True, return_tensors="pt"
    )
    offsets, owners = encoded.pop("offset_mapping")[0].tolist(), encoded.sequence_ids(0)
    with torch.inference_mode():
        output = AutoModelForQuestionAnswering.from_pretrained(pointer)(**encoded)
    starts, ends = output.start_logits[0].tolist(), output.end_logits[0].tolist()
    places = [n for n, owner in enumerate(owners) if owner == 1]
    spans = [(starts[a] + ends[b], offsets[a][0], offsets[b][1]) for a in places for b in places if a <= b < a + 30]
    best = max(spans)
    assert found == ((best[1], best[2]) if best[0] > starts[0] + ends[0] else None)
    if found:
        assert 0 <= found[0] < found[1] <= len(text)


def test_no_text_has_no_span(pointer: Path) -> None:
    assert TransformersReader(pointer).read("who?", " ") is None


def test_a_reader_that_points_anywhere_never_invents(pointer: Path) -> None:
    asking = services(lake(), reader=TransformersReader(pointer, device="cpu"))
    for question in ("What does E-203 mean?", "Who signed off change order CO-2041?", "What is the soup of the day?"):
        given = answer(question, PUBLIC, "test", asking)
        assert given.short.casefold() in given.text.casefold()
