"""Stand-ins for torch and its libraries, as far as the adapters touch them. tests/models uses the real ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from queue import Queue
from types import SimpleNamespace

import numpy as np


class Ids:
    """Token ids of one prompt."""

    def __init__(self, count: int) -> None:
        self.shape = (1, count)
        self.device = "cpu"


class Inputs(dict[str, Ids]):
    def to(self, device: str) -> Inputs:
        self.device = device
        return self


class Streamer:
    """What a model writes into and a reader iterates over."""

    def __init__(self, tokenizer: object, *, timeout: float, **_: object) -> None:
        self.queue: Queue[str | None] = Queue()
        self.timeout = timeout

    def end(self) -> None:
        self.queue.put(None)

    def __iter__(self) -> Iterator[str]:
        while (piece := self.queue.get(timeout=self.timeout)) is not None:
            yield piece


class CausalModel:
    """Says its words until it is stopped; fails where told to; `stuck`: says nothing until it is stopped."""

    def __init__(self, words: Sequence[str], *, failure: Exception | None = None, stuck: bool = False) -> None:
        self.words, self.failure, self.stuck = words, failure, stuck
        self.config = SimpleNamespace(max_position_embeddings=100)
        self.device = "cpu"
        self.said = 0

    def to(self, device: str) -> CausalModel:
        self.device = device
        return self

    def eval(self) -> CausalModel:
        return self

    def generate(
        self, *, input_ids: Ids, streamer: Streamer, stopping_criteria: list, max_new_tokens: int, **_: object
    ):
        def stopped() -> bool:
            return any(criterion(input_ids, None)[0] for criterion in stopping_criteria)

        while self.stuck and not stopped():
            continue
        for word in self.words[:max_new_tokens]:
            if stopped():
                return
            self.said += 1
            streamer.queue.put(word)
        if self.failure:
            raise self.failure


class SentenceModel:
    """Each text as the counts of its letters, so that a prompt shows."""

    def __init__(self, dimensions: int, prompts: dict[str, str]) -> None:
        self.dimensions, self.prompts = dimensions, prompts
        self.seen: list[str] = []

    def encode(self, texts: list[str], *, prompt: str, **_: object) -> np.ndarray:
        self.seen += [prompt + text for text in texts]
        return np.ones((len(texts), self.dimensions), np.float32) / self.dimensions**0.5


def torch_double(*, cuda: bool = False) -> SimpleNamespace:
    return SimpleNamespace(
        cuda=SimpleNamespace(is_available=lambda: cuda),
        full=lambda shape, value, **_: [value] * shape[0],
        set_num_threads=lambda _: None,
    )


def transformers_double(model: CausalModel | None = None, chat_template: str = "") -> SimpleNamespace:
    def tokenizer(prompt: str, **_: object) -> Inputs:
        return Inputs(input_ids=Ids(len(prompt.split())))

    tokenizer.chat_template = chat_template
    tokenizer.pad_token_id = None
    tokenizer.eos_token_id = 0
    tokenizer.apply_chat_template = lambda messages, **_: Inputs(input_ids=Ids(3 + len(messages[0]["content"].split())))
    quiet = SimpleNamespace(logging=SimpleNamespace(disable_progress_bar=lambda: None))
    return SimpleNamespace(
        utils=quiet,
        AutoTokenizer=SimpleNamespace(from_pretrained=lambda _, **__: tokenizer),
        AutoModelForCausalLM=SimpleNamespace(from_pretrained=lambda _, **__: model),
        TextIteratorStreamer=Streamer,
        StoppingCriteriaList=list,
    )
