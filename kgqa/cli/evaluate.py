"""`kgqa eval`: measure retrieval, answers, resolution, extraction, parsing, OCR and speech recognition."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kgqa.cli.shared import CollectionOption, err, out, services
from kgqa.errors import InvalidInput
from kgqa.settings import Settings, load_settings

if TYPE_CHECKING:
    from kgqa.evaluation.run import Ingest

evaluate = typer.Typer(no_args_is_help=True, help="Measure retrieval, answers, resolution and reading.")

BeirArgument = Annotated[Path, typer.Argument(help="BEIR folder: corpus, queries, qrels.", exists=True)]
JsonFileOption = Annotated[Path | None, typer.Option("--json", help="Write the measures as JSON.")]


def _batch_ingest(settings: Settings, folder: Path, *, titles: bool = True) -> Ingest:
    """The ordinary Spark ingest of a BEIR folder into the collection that is named when it is called."""
    from kgqa.demo import ingest_folder
    from kgqa.evaluation.datasets import read_dataset

    if not titles:
        dataset = read_dataset(folder, titles=False)
        folder = settings.home / "corpus" / dataset.collection
        dataset.write_corpus(folder)

    def ingest(collection: str, documents: object) -> object:
        del documents  # the job reads the folder itself, and skips what has not changed
        return ingest_folder(settings, folder, collection=collection, console=err)

    return ingest


@evaluate.command("retrieval")
def eval_retrieval(
    folder: BeirArgument,
    mode: Annotated[str, typer.Option(help="graph, fused, keyword or vector.")] = "graph",
    json_path: JsonFileOption = None,
    run_path: Annotated[Path | None, typer.Option("--run", help="Write a TREC run file.")] = None,
    *,
    no_titles: Annotated[
        bool,
        typer.Option("--no-titles", help="Documents without titles: each title is the first line of the text only."),
    ] = False,
) -> None:
    """Ingest a BEIR folder into its own collection and measure its ranking."""
    from kgqa.evaluation.commands import fair_services, print_measures
    from kgqa.evaluation.run import MODES, evaluate_retrieval

    if mode not in MODES:
        raise InvalidInput(f"There is no mode {mode!r}.", hint=f"modes: {', '.join(MODES)}")
    settings = load_settings()
    with services(settings) as built:
        report = evaluate_retrieval(
            folder,
            fair_services(built, folder),
            _batch_ingest(settings, folder, titles=not no_titles),
            mode=mode,
            titles=not no_titles,
            json_path=json_path,
            run_path=run_path,
        )
    print_measures(report, out)


@evaluate.command("benchmarks")
def eval_benchmarks(
    folders: Annotated[list[Path], typer.Argument(help="BEIR folders with judgements.", exists=True)],
    page: Annotated[Path, typer.Option("--out", help="Page to write, as Markdown.")],
    json_path: JsonFileOption = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Ask only the first so many questions of each set.")] = None,
    ablation_limit: Annotated[
        int, typer.Option(min=0, help="Switch stages off for the first so many questions of each set; 0: never.")
    ] = 100,
    ablation: Annotated[list[str] | None, typer.Option(help="Only this ablation; may be repeated.")] = None,
    pool: Annotated[
        list[str] | None,
        typer.Option(help="Name of a set that is also asked in one collection of all sets named so; repeat it."),
    ] = None,
    *,
    ingested: Annotated[
        bool, typer.Option("--ingested", help="The collections are there: do not compare them with the folders.")
    ] = False,
) -> None:
    """Compare BM25, vectors, fusion, graph and ranker, switch off every stage in turn, and write docs/benchmarks.md."""
    from kgqa.demo import ingest_folder
    from kgqa.evaluation.benchmark_run import Plan, run_benchmarks

    settings = load_settings()
    plan = Plan(
        folders=folders,
        ablations=ablation or (),
        limit=limit,
        ablation_limit=ablation_limit,
        pool=pool or (),
        ingested=ingested,
    )
    with services(settings) as built:

        def ingest(folder: Path, collection: str) -> None:
            ingest_folder(settings, folder, collection=collection, console=err)

        run_benchmarks(built, plan, ingest, err, page=page, json_path=json_path)
    out.print(f"written: {page}", markup=False)


@evaluate.command("train-ranker")
def eval_train_ranker(
    folders: Annotated[list[Path], typer.Argument(help="BEIR folders with judgements.", exists=True)],
    target: Annotated[Path, typer.Option("--out", help="Folder of the models: all.onnx, without-FAMILY.onnx.")],
    limit: Annotated[int, typer.Option(min=1, help="Learn from the first so many questions of each set.")] = 500,
    *,
    pool: Annotated[
        bool, typer.Option("--pool", help="Learn once more from the same questions over one collection of all sets.")
    ] = False,
) -> None:
    """Train the ranker on judged questions, and for each family of sets one that never saw it: `kgqa eval` takes it."""
    from kgqa.demo import ingest_folder
    from kgqa.evaluation.commands import train_rankers

    settings = load_settings()
    with services(settings) as built:

        def ingest(folder: Path, collection: str) -> None:
            ingest_folder(settings, folder, collection=collection, console=err)

        train_rankers(built, folders, target, ingest, limit, out, pool=pool)


@evaluate.command("train-judges")
def eval_train_judges(
    folders: Annotated[list[Path], typer.Argument(help="BEIR folders with judgements.", exists=True)],
    target: Annotated[Path, typer.Option("--out", help="Folder of the models: all/, without-FAMILY/.")],
    limit: Annotated[int, typer.Option(min=1, help="Learn from so many questions of each set.")] = 200,
) -> None:
    """Train what decides which passages are cited and whether they are enough; a fold for each family of sets.

    Every question is asked twice, with its gold documents and as if they were not there. `kgqa eval answers` takes
    the fold that never saw the family of its set.
    """
    from kgqa.demo import ingest_folder
    from kgqa.evaluation.commands import train_judges_of

    settings = load_settings()
    with services(settings) as built:

        def ingest(folder: Path, collection: str) -> None:
            ingest_folder(settings, folder, collection=collection, console=err)

        train_judges_of(built, folders, target, ingest, limit, out, err)


@evaluate.command("answers")
def eval_answers(
    folder: BeirArgument,
    limit: Annotated[int | None, typer.Option(min=1, help="Ask only the first so many.")] = None,
    json_path: JsonFileOption = None,
    *,
    without_gold: Annotated[
        bool, typer.Option("--without-gold", help="Ask once more as if the gold documents were not there: abstention.")
    ] = False,
) -> None:
    """Ingest a BEIR folder with answers.jsonl and measure answers, citations and abstention."""
    from kgqa.evaluation.answers import evaluate_answers
    from kgqa.evaluation.commands import fair_services, print_measures

    settings = load_settings()
    with services(settings) as built:
        ingest = _batch_ingest(settings, folder)
        asking = fair_services(built, folder)
        report = evaluate_answers(folder, asking, ingest, limit=limit, removal=without_gold, json_path=json_path)
    print_measures(report, out)


@evaluate.command("resolution")
def eval_resolution(
    files: Annotated[
        list[Path], typer.Argument(help="LEFT.csv RIGHT.csv MATCHES.csv, or TABLE.csv [MATCHES.csv].", exists=True)
    ],
    json_path: JsonFileOption = None,
) -> None:
    """Measure which names the resolver takes for one thing: pairwise precision, recall, F1. Needs no servers."""
    from kgqa.evaluation.resolution import evaluate_resolution, matches_of_ids, read_matches, read_table

    if len(files) > 3:
        raise InvalidInput(
            "There are too many files.", hint="LEFT.csv RIGHT.csv MATCHES.csv, or TABLE.csv [MATCHES.csv]."
        )
    left = read_table(files[0])
    right = read_table(files[1]) if len(files) == 3 else None
    measures = evaluate_resolution(left, right, read_matches(files[-1]) if len(files) > 1 else matches_of_ids(left))
    out.print(f"{len(left)}{f' and {len(right)}' if right is not None else ''} records")
    for name, value in measures.items():
        out.print(f"  {name:20} {value:.3f}")
    if json_path:
        json_path.write_text(json.dumps({"measures": measures}, indent=2), encoding="utf-8")


@evaluate.command("extraction")
def eval_extraction(
    file: Annotated[Path, typer.Argument(help="Annotated text: CoNLL, or DocRED JSON; may be gzipped.", exists=True)],
    json_path: JsonFileOption = None,
) -> None:
    """Measure the names and claims that ingest finds in annotated text: precision, recall, F1. Needs no servers."""
    from kgqa.adapters.models.extractor import SpacyExtractor
    from kgqa.evaluation.extraction import evaluate_extraction, read_annotated

    texts = read_annotated(file)
    measures = evaluate_extraction(texts, SpacyExtractor())
    out.print(f"{file.name}: {len(texts)} texts")
    for name, value in measures.items():
        out.print(f"  {name:20} {value:.3f}")
    if json_path:
        json_path.write_text(json.dumps({"texts": len(texts), "measures": measures}, indent=2), encoding="utf-8")


@evaluate.command("language")
def eval_language(
    paths: Annotated[
        list[Path],
        typer.Argument(
            help="SQuAD files named like xquad.de.json.gz or a folder of them; BEIR folders named like xquad-de-en.",
            exists=True,
        ),
    ],
    json_path: JsonFileOption = None,
) -> None:
    """Measure language detection: paragraphs, questions, chunks of mixed documents. Needs no servers."""
    from kgqa.evaluation.languages import as_json, detectors, evaluate_languages, print_languages, read_texts

    rows = evaluate_languages(read_texts(paths), detectors())
    print_languages(rows, out)
    if json_path:
        json_path.write_text(as_json(rows), encoding="utf-8")


@evaluate.command("duplicates")
def eval_duplicates(
    folder: BeirArgument,
    seed: Annotated[int, typer.Option(help="Of the edits.")] = 0,
    json_path: JsonFileOption = None,
) -> None:
    """Plant edited copies in a corpus and measure which are marked as near duplicates. Needs no servers."""
    from kgqa.evaluation.duplicates import as_json, evaluate_duplicates, print_duplicates

    rows = evaluate_duplicates(folder, seed=seed)
    print_duplicates(rows, out)
    if json_path:
        json_path.write_text(as_json(rows), encoding="utf-8")


@evaluate.command("pii")
def eval_pii(
    path: Annotated[Path, typer.Argument(help="JSON file of annotated texts, or a folder of them.", exists=True)],
    json_path: JsonFileOption = None,
) -> None:
    """Measure the detection of personal data in annotated texts: F2, precision, recall by type. Needs no servers."""
    from kgqa.evaluation.pii import as_json, evaluate_pii, print_pii, product_finder, read_annotated_pii

    rows = evaluate_pii(read_annotated_pii(path), product_finder())
    print_pii(rows, out)
    if json_path:
        json_path.write_text(as_json(rows), encoding="utf-8")


@evaluate.command("parsing")
def eval_parsing(
    folder: Annotated[
        Path,
        typer.Argument(help="Folder with FORMAT/sources/ and FORMAT/groundtruth/.", exists=True),
    ],
    json_path: JsonFileOption = None,
) -> None:
    """Read every file of a folder: how each ends, and how similar its text is to a reference. Needs no servers.

    The reference of sources/a.docx is groundtruth/a.docx.md. `similar` compares the words in their order, `found` is
    the share of the reference's words that the text has. Ends with 1 if reading any file crashed.
    """
    from rich.markup import escape

    from kgqa.bootstrap import ingest_options
    from kgqa.evaluation import parsing

    options = ingest_options(load_settings())
    with err.status("reading") as shown:
        readings = parsing.read_folder(
            folder, options.reader, options.limits, lambda name: shown.update(f"reading {escape(name)}")
        )
    for line in parsing.table(readings):
        out.print(line, markup=False)
    if json_path:
        json_path.write_text(json.dumps(parsing.report(readings), indent=2), encoding="utf-8")
    if any(reading.outcome == "crashed" for reading in readings):
        raise typer.Exit(1)


@evaluate.command("ocr")
def eval_ocr(json_path: JsonFileOption = None) -> None:
    """Draw pages of known text, small and large, noisy and askew, and count what OCR gets wrong. Needs no servers."""
    from rich.progress import track

    from kgqa.adapters.models.ocr import RapidRecogniser
    from kgqa.evaluation import recognition

    measured = recognition.measure(RapidRecogniser())
    pages = [dict(page) for page in track(measured, "pages", total=recognition.PAGES, console=err)]
    out.print(f"{'letters':>8}{'noise':>7}{'askew':>7}{'characters':>12}{'error rate':>12}")
    for page in pages:
        shown = f"{page['size']:7.0f}p{page['noise']:7.0f}{page['skew']:7.1f}{page['characters']:12.0f}"
        out.print(f"{shown}{page['error_rate']:12.4f}")
    overall = recognition.overall(pages)
    out.print(f"all: {overall:.4f} of the characters are wrong, {len(pages)} pages")
    if json_path:
        json_path.write_text(json.dumps({"error_rate": overall, "pages": pages}, indent=2), encoding="utf-8")


@evaluate.command("speech")
def eval_speech(
    folder: Annotated[Path, typer.Argument(help="Folder with *.transcription and its recordings.", exists=True)],
    json_path: JsonFileOption = None,
) -> None:
    """Hear recordings whose words are known, and count the words that are wrong. Needs `./run --audio`, no servers.

    A line of *.transcription is `what is said (NAME)`; NAME.wav, or another format that is read, lies beside it.
    """
    from rich.progress import track

    from kgqa.bootstrap import ingest_options
    from kgqa.evaluation import hearing

    settings = load_settings()
    if settings.models.speech == "none":
        raise InvalidInput(
            "Speech recognition is off.", hint="KGQA_MODELS__SPEECH=whisper-base ./run --audio kgqa eval speech FOLDER"
        )
    listed = hearing.recordings(folder)
    measured = hearing.measure(listed, ingest_options(settings))
    hearings = list(track(measured, "recordings", total=len(listed), console=err))
    for one in hearings:
        heard = " ".join((one.heard or one.reason).split())
        out.print(f"{one.name:12}{one.edits:4} of {one.words:3} words: {one.said} | {heard}", markup=False)
    rate, low, high = hearing.error_rate(hearings)
    said = sum(one.words for one in hearings)
    out.print(f"word error rate {rate:.3f} [{low:.3f}, {high:.3f}], {len(hearings)} recordings, {said} words")
    if json_path:
        json_path.write_text(json.dumps(hearing.report(hearings), indent=2), encoding="utf-8")


@evaluate.command("questions")
def eval_questions(
    folder: Annotated[Path, typer.Argument(help="Folder as examples/: lake, questions, principals.", exists=True)],
    collection: CollectionOption = "examples",
    json_path: JsonFileOption = None,
    *,
    failures: Annotated[bool, typer.Option("--failures", help="Show what went wrong.")] = False,
) -> None:
    """Ask every example question as its own reader: recall@5, answers, abstentions by hop count."""
    from kgqa.demo import ingest_folder
    from kgqa.evaluation.commands import questions

    settings = load_settings()
    with services(settings) as built:
        dictionary = folder / "dictionary.json"
        ingest_folder(settings, folder / "lake", collection=collection, dictionary=dictionary, console=err)
        built.policy.set_principals(json.loads((folder / "principals.json").read_text(encoding="utf-8")))
        questions(built, folder / "questions.jsonl", collection, out, json_path=json_path, failures=failures)
