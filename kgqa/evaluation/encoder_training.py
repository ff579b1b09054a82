"""Training the encoder on mined triplets: each question nearer to its gold passages than to hard negatives and to the
passages of the other questions of a batch.

Henderson et al., "Efficient Natural Language Response Suggestion" (arXiv:1705.00652), in steps of bounded memory by
Gao et al. (arXiv:2101.06983); both by `sentence-transformers`. The vectors of pieces stay as they are: few questions
of one language would move them away from what the others need.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kgqa.adapters.models.extra import device_of, library, transformers
from kgqa.errors import InvalidInput
from kgqa.evaluation.training import family_of
from kgqa.evaluation.triplets import Mined, Triplet, triplets

#: every so many questions one is kept back, to see what training gives on questions that it does not use
_KEPT_BACK = 10
CARD = "card.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """How an encoder is trained."""

    epochs: float = 1.0
    batch_size: int = 16
    #: hard negatives of each question
    negatives: int = 3
    learning_rate: float = 2e-5
    #: tokens of a text that training reads
    tokens: int = 256
    #: texts that are in memory at once
    memory_texts: int = 16
    seed: int = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """What training gave."""

    #: losses of the batches on the way, in order
    losses: tuple[float, ...]
    #: mean loss over the questions that were kept back; None where there were too few
    kept_back_before: float | None
    kept_back_after: float | None
    triplets: int
    seconds: float


def split(mined: Mapping[str, Sequence[Mined]], negatives: int) -> tuple[list[Triplet], list[Triplet]]:
    """What to train on, and what is kept back. No question is in both."""
    used = [each for name in sorted(mined) for n, each in enumerate(mined[name]) if (n + 1) % _KEPT_BACK]
    kept = [each for name in sorted(mined) for n, each in enumerate(mined[name]) if (n + 1) % _KEPT_BACK == 0]
    return triplets(used, negatives), triplets(kept, negatives)


def train_encoder(
    base: Path, mined: Mapping[str, Sequence[Mined]], target: Path, how: Training, *, device: str = "auto"
) -> Trained:
    """Train the model in the folder `base` and write it, with its card, to the folder `target`.

    On a CPU the same data, seed and number of threads give the same weights. Raises InvalidInput where there is too
    little to learn from, ConfigurationError without the extra `models`.
    """
    transformers()
    used, kept = split(mined, how.negatives)
    if len(used) < how.batch_size:
        raise InvalidInput(
            f"There are {len(used)} examples; one batch takes {how.batch_size}.",
            hint="give more data sets or questions, or a smaller --batch-size.",
        )
    sentence_transformers = library("sentence_transformers")
    losses = library("sentence_transformers.sentence_transformer.losses")
    library("transformers").set_seed(how.seed)
    place = device_of(device)
    model = sentence_transformers.SentenceTransformer(str(base), device=place, local_files_only=True)
    whole = model.max_seq_length
    model.max_seq_length = how.tokens
    model.model_card_data.generate_widget_examples = False  # the card is `write_card`'s
    model[0].auto_model.get_input_embeddings().weight.requires_grad_(False)
    trainer = sentence_transformers.SentenceTransformerTrainer(
        model=model,
        args=sentence_transformers.SentenceTransformerTrainingArguments(
            **_arguments(target, how, place, model.prompts)
        ),
        train_dataset=_table(used),
        eval_dataset=_table(kept) if len(kept) > 1 else None,
        loss=losses.CachedMultipleNegativesRankingLoss(model, mini_batch_size=how.memory_texts),
    )
    before = _loss(trainer) if len(kept) > 1 else None
    done = trainer.train()
    after = _loss(trainer) if len(kept) > 1 else None
    model.max_seq_length = whole
    trained = Trained(
        losses=tuple(float(entry["loss"]) for entry in trainer.state.log_history if "loss" in entry),
        kept_back_before=before,
        kept_back_after=after,
        triplets=len(used),
        seconds=float(done.metrics["train_runtime"]),
    )
    model.save_pretrained(str(target), create_model_card=False)
    return trained


def write_card(target: Path, base: str, mined: Mapping[str, Sequence[Mined]], how: Training, trained: Trained) -> None:
    """What the model is: data, parameters and base as `card.json`, and the same for people as README.md."""
    families = sorted(set(map(family_of, mined)))
    card = {
        "base": base,
        "trained_on": {name: len(questions) for name, questions in sorted(mined.items())},
        "families": families,
        "parameters": asdict(how),
        "result": asdict(trained),
        "versions": {name: library(name).__version__ for name in ("sentence_transformers", "torch", "transformers")},
    }
    (target / CARD).write_text(json.dumps(card, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    questions = ", ".join(f"{name} ({len(each)} questions)" for name, each in sorted(mined.items()))
    (target / "README.md").write_text(
        f"# An encoder trained by kgqa\n\nBase: {base}. Data: {questions},\n"
        "with hard negatives of kgqa's own retrieval.\n"
        f"Families of data sets that it has seen, and on which it must not be measured: {', '.join(families)}.\n"
        f"Seed {how.seed}; {trained.triplets} triplets; all parameters and losses: {CARD}.\n"
        "The licences of the base model and of the data sets apply.\n",
        encoding="utf-8",
    )


def _arguments(target: Path, how: Training, place: str, prompts: Mapping[str, str]) -> dict[str, Any]:
    passage = prompts.get("passage", "")
    columns = {"positive": passage} | {f"negative_{n + 1}": passage for n in range(how.negatives)}
    return {
        "output_dir": str(target),
        "num_train_epochs": how.epochs,
        "per_device_train_batch_size": how.batch_size,
        "per_device_eval_batch_size": how.batch_size,
        "learning_rate": how.learning_rate,
        "warmup_steps": 0.1,
        "batch_sampler": "no_duplicates",  # the second gold passage of a question is no negative of the first
        "prompts": {"anchor": prompts.get("query", ""), **columns},
        "seed": how.seed,
        "data_seed": how.seed,
        "use_cpu": place == "cpu",
        "bf16": place == "cuda",
        "dataloader_pin_memory": place == "cuda",
        "logging_steps": 1,
        "save_strategy": "no",
        "report_to": "none",
    }


def _table(examples: Sequence[Triplet]) -> Any:
    rows: dict[str, list[str]] = {
        "anchor": [each.anchor for each in examples],
        "positive": [each.positive for each in examples],
    }
    for n in range(len(examples[0].negatives)):
        rows[f"negative_{n + 1}"] = [each.negatives[n] for each in examples]
    return library("datasets").Dataset.from_dict(rows)


def _loss(trainer: Any) -> float:
    return float(trainer.evaluate()["eval_loss"])
