"""Translation by a language model behind an OpenAI-compatible endpoint: one request for each text, a few at a time."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib.resources import files

import openai

from kgqa.adapters.models.generator import endpoint_errors
from kgqa.errors import DependencyUnavailable, KgqaError, ModelOutputError

#: requests at a time
_PARALLEL = 4
#: an endpoint that is away is not asked again for this long: a thousand passages do not wait a thousand times
_PATIENCE_SECONDS = 30.0
#: tokens of a reply for each character of the text, and at least
_TOKENS_PER_CHARACTER = 1.0
_LEAST_TOKENS = 400
#: statuses that say that a text is too long, or is not wanted: no outage
_ABOUT_THE_TEXT = (400, 413, 422)
_NAMES = {
    "ar": "Arabic", "bg": "Bulgarian", "bn": "Bengali", "ca": "Catalan", "cs": "Czech", "da": "Danish",
    "de": "German", "el": "Greek", "en": "English", "es": "Spanish", "et": "Estonian", "eu": "Basque",
    "fa": "Persian", "fi": "Finnish", "fr": "French", "he": "Hebrew", "hi": "Hindi", "hr": "Croatian",
    "hu": "Hungarian", "hy": "Armenian", "id": "Indonesian", "is": "Icelandic", "it": "Italian", "ja": "Japanese",
    "ko": "Korean", "lt": "Lithuanian", "lv": "Latvian", "nl": "Dutch", "no": "Norwegian", "pl": "Polish",
    "pt": "Portuguese", "ro": "Romanian", "ru": "Russian", "sk": "Slovak", "sl": "Slovenian", "sr": "Serbian",
    "sv": "Swedish", "sw": "Swahili", "ta": "Tamil", "th": "Thai", "tr": "Turkish", "uk": "Ukrainian",
    "ur": "Urdu", "vi": "Vietnamese", "zh": "Chinese",
}  # fmt: skip


class OpenAITranslator:
    """Implements `ports.Translator`. Safe to share between threads."""

    def __init__(self, base_url: str, model: str, api_key: str = "", timeout_seconds: float = 60) -> None:
        self.name = f"openai 1 {model}"
        self._model = model
        self.client = openai.OpenAI(
            base_url=base_url, api_key=api_key or "none", timeout=timeout_seconds, max_retries=1
        )
        self._away_until = 0.0

    def translate(self, texts: Sequence[str], *, source: str, target: str) -> Sequence[str | KgqaError]:
        """One translation per text, in order, or why there is none."""
        with ThreadPoolExecutor(_PARALLEL) as pool:
            return list(pool.map(lambda text: self._one(text, source, target), texts))

    def close(self) -> None:
        """Close the connections."""
        self.client.close()

    def _one(self, text: str, source: str, target: str) -> str | KgqaError:
        if time.monotonic() < self._away_until:
            return DependencyUnavailable("The translator did not answer a moment ago.")
        try:
            return self._ask(text, source, target)
        except DependencyUnavailable as problem:
            self._away_until = time.monotonic() + _PATIENCE_SECONDS
            return problem
        except KgqaError as problem:
            return problem

    def _ask(self, text: str, source: str, target: str) -> str:
        with endpoint_errors("translator", "check KGQA_TRANSLATION__URL, the model's name and the key."):
            try:
                reply = self.client.chat.completions.create(
                    model=self._model,
                    messages=[{"role": "user", "content": _prompt(text, source, target)}],
                    max_tokens=max(_LEAST_TOKENS, int(len(text) * _TOKENS_PER_CHARACTER)),
                    temperature=0,
                )
            except openai.APIStatusError as problem:
                if problem.status_code not in _ABOUT_THE_TEXT:
                    raise
                raise ModelOutputError(
                    f"The translator refused a passage with status {problem.status_code}."
                ) from problem
        # servers may send anything; the client library does not check what it parses
        choices: object = getattr(reply, "choices", None)
        first: object = choices[0] if isinstance(choices, list) and choices else None
        content: object = getattr(getattr(first, "message", None), "content", None)
        if not isinstance(content, str):
            raise ModelOutputError("The translator's reply is not a chat completion.")
        if getattr(first, "finish_reason", None) == "length":
            raise ModelOutputError("The translator's reply ended in the middle.")
        return content


def _prompt(text: str, source: str, target: str) -> str:
    # in one pass, so that what a text says is no field
    fields = {"source": _NAMES.get(source, source), "target": _NAMES.get(target, target), "text": text}
    parts = _template().split("{")
    return parts[0] + "".join(fields[name] + rest for name, _, rest in (part.partition("}") for part in parts[1:]))


@cache
def _template() -> str:
    return files("kgqa.prompts").joinpath("translate.md").read_text(encoding="utf-8")
