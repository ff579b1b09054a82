"""A language model on this machine, by `transformers`, streamed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from queue import Empty
from threading import Event, Lock, Thread
from typing import Any

from kgqa.adapters.models.extra import device_of, library, model_folder, transformers
from kgqa.errors import DependencyUnavailable, ModelOutputError

_TOO_LONG = "The prompt has {prompt} tokens and the reply may have {reply}; the model {name} takes {window}."


class TransformersGenerator:
    """Implements `ports.Generator`: the likeliest reply, one at a time. The model is loaded at the first prompt.

    Whoever stops reading, or closes the stream, stops the model at its next token.
    """

    def __init__(self, directory: Path, *, device: str = "auto", timeout_seconds: float = 60) -> None:
        """`directory` is a folder of transformers with a causal model and its tokenizer."""
        self.model = model_folder(directory).name
        self._directory = directory
        self._device = device
        self._timeout_seconds = timeout_seconds
        self._lock = Lock()
        self._loaded: tuple[Any, Any] | None = None

    def stream(self, prompt: str, *, max_tokens: int) -> Iterator[str]:
        """Pieces of the reply. Raises `ModelOutputError` (does not fit) or `DependencyUnavailable` (stuck, failed)."""
        with self._lock:
            tokenizer, model = self._load()
            inputs = _inputs(tokenizer, prompt).to(model.device)
            window = getattr(model.config, "max_position_embeddings", None)
            length = int(inputs["input_ids"].shape[1])
            if window is not None and length + max_tokens > window:
                raise ModelOutputError(
                    _TOO_LONG.format(prompt=length, reply=max_tokens, name=self.model, window=window)
                )
            yield from _Reply(tokenizer, model, inputs, max_tokens, self._timeout_seconds)

    def _load(self) -> tuple[Any, Any]:
        if self._loaded is None:
            loaders, folder = transformers(), str(self._directory)
            tokenizer = loaders.AutoTokenizer.from_pretrained(folder, local_files_only=True)
            model = loaders.AutoModelForCausalLM.from_pretrained(folder, local_files_only=True)
            self._loaded = (tokenizer, model.to(device_of(self._device)).eval())
        return self._loaded


class _Reply:
    """One generation on a thread of its own, read as it grows."""

    def __init__(self, tokenizer: Any, model: Any, inputs: Any, max_tokens: int, timeout_seconds: float) -> None:
        self._model = model
        self._inputs = inputs
        self._max_tokens = max_tokens
        self._stop = Event()
        self._failure: Exception | None = None
        self._pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id
        self._streamer = transformers().TextIteratorStreamer(
            tokenizer, skip_prompt=True, skip_special_tokens=True, timeout=timeout_seconds
        )

    def __iter__(self) -> Iterator[str]:
        thread = Thread(target=self._generate, name="kgqa-generator")
        thread.start()
        try:
            yield from filter(None, self._streamer)
        except Empty:
            raise DependencyUnavailable("The generator on this machine is stuck: no token in time.") from None
        finally:
            self._stop.set()
            thread.join()
        if self._failure is not None:
            raise DependencyUnavailable(f"The generator on this machine failed: {self._failure}") from self._failure

    def _generate(self) -> None:
        criteria = transformers().StoppingCriteriaList([self._stopped])
        try:
            self._model.generate(
                **self._inputs,
                max_new_tokens=self._max_tokens,
                do_sample=False,
                pad_token_id=self._pad,
                streamer=self._streamer,
                stopping_criteria=criteria,
            )
        except Exception as failure:  # noqa: BLE001 - the edge of a thread: it goes to whoever reads
            self._failure = failure
        finally:
            self._streamer.end()

    def _stopped(self, input_ids: Any, scores: Any, **_: object) -> Any:
        del scores
        return library("torch").full((input_ids.shape[0],), self._stop.is_set(), device=input_ids.device)


def _inputs(tokenizer: Any, prompt: str) -> Any:
    """The prompt as the model was taught to be asked, where its tokenizer says how."""
    if not tokenizer.chat_template:
        return tokenizer(prompt, return_tensors="pt")
    message = [{"role": "user", "content": prompt}]
    return tokenizer.apply_chat_template(message, add_generation_prompt=True, return_tensors="pt", return_dict=True)
