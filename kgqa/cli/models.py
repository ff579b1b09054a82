"""`kgqa models`: the encoder for a GPU, trained, and back. Needs the extra `models` (docs/models.md)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kgqa.cli.shared import err, out, services
from kgqa.errors import InvalidInput
from kgqa.settings import load_settings

models = typer.Typer(no_args_is_help=True, help="Export and train the encoder. Needs the extra `models`.")


@models.command("export")
def export(
    target: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to write; one that is there is replaced.")],
) -> None:
    """Write the packaged encoder as a folder for sentence-transformers and transformers (470 MB)."""
    from kgqa.embedded.e5_folder import write_folder
    from kgqa.embedded.models import packaged_model

    _refuse_other(target, "modules.json")
    write_folder(packaged_model(), target)
    err.print(f"written. Use it: KGQA_MODELS__ENCODER=sentence-transformers:{target}", markup=False)


@models.command("to-onnx")
def to_onnx(
    source: Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder of a model trained here.", exists=True)],
    target: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to write; one that is there is replaced.")],
) -> None:
    """Write a trained encoder as the default path runs it: 8-bit weights on ONNX Runtime, without torch."""
    from kgqa.embedded.e5_folder import read_folder
    from kgqa.embedded.models import write_encoder

    _refuse_other(target, "model.onnx")
    write_encoder(read_folder(source), target)
    err.print(f"written. Use it: KGQA_MODELS__ENCODER=onnx:{target}", markup=False)


@models.command("train-encoder")
def train_encoder(
    folders: Annotated[list[Path], typer.Argument(help="BEIR folders with judgements.", exists=True)],
    target: Annotated[Path, typer.Option("--out", help="Folder of triplets/, encoder/ and onnx/.")],
    without: Annotated[
        str, typer.Option(help="Leave out the sets of this family (`2wiki` of `2wiki-51`), to measure on them.")
    ] = "",
    base: Annotated[
        Path | None, typer.Option(help="Folder of the model to start from. Default: the packaged one.", exists=True)
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Learn from the first so many questions of each set.")] = 500,
    epochs: Annotated[float, typer.Option(min=0.01, help="Times that each example is seen.")] = 1.0,
    batch_size: Annotated[int, typer.Option(min=2, help="Questions of a batch.")] = 16,
    negatives: Annotated[int, typer.Option(min=1, max=10, help="Hard negatives of each question.")] = 3,
    learning_rate: Annotated[float, typer.Option(min=0.0, help="Highest learning rate.")] = 2e-5,
    seed: Annotated[int, typer.Option(help="Order of the examples.")] = 7,
) -> None:
    """Mine hard negatives with this pipeline, and train the encoder on them. Run again, it goes on where it was."""
    from kgqa.bootstrap import build_embedder
    from kgqa.demo import ingest_folder
    from kgqa.evaluation.encoder_commands import chosen, known_sets, mine_sets, train_and_write
    from kgqa.evaluation.encoder_training import Training

    how = Training(epochs=epochs, batch_size=batch_size, negatives=negatives, learning_rate=learning_rate, seed=seed)
    settings = load_settings()
    used = chosen(folders, without)
    mined = known_sets(used, target / "triplets", build_embedder(settings).model, limit)
    if rest := [folder for folder in used if folder.resolve().name not in mined]:
        with services(settings) as built:

            def ingest(folder: Path, collection: str) -> None:
                ingest_folder(settings, folder, collection=collection, console=err)

            mined |= mine_sets(built, rest, target / "triplets", ingest, limit, err)
    train_and_write(mined, target, how, base=base, device=settings.models.device, console=out)


def _refuse_other(target: Path, expected: str) -> None:
    """What is replaced has to be what was written before: a slip must not cost a folder of something else."""
    if target.exists() and any(target.iterdir()) and not (target / expected).exists():
        raise InvalidInput(f"{target} has files of something else.", hint="choose a folder that is new.")
