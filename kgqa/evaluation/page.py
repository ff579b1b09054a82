"""docs/benchmarks.md, written from what was measured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from kgqa.evaluation.ablations import ABLATIONS
from kgqa.evaluation.benchmarks import MARGIN, STEPS, PooledResult, SetResult, unfair
from kgqa.evaluation.measures import Estimate
from kgqa.evaluation.published import ANSWER_F1, CORPORA, RECALL_AT_5, Published

SHOWN = ("recall@1", "recall@5", "all@5", "all@8", "ndcg@10", "mrr@10")
#: what a difference is told of, set by set
DIFFERENCES = ("recall@5", "all@8", "ndcg@10")
#: and of ablations
ABLATED = "recall@5"
_NAMES = {"recall@1": "R@1", "recall@5": "R@5", "ndcg@10": "nDCG@10", "mrr@10": "MRR@10"}
_SYSTEMS = {
    "keyword": "keyword (BM25)",
    "vector": "vector (dense)",
    "fused": "fused, no graph",
    "graph": "graph, no training",
    "ranker": "graph + learned ranker",
}
_VERDICTS = {True: "no worse", False: "worse", None: "open"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where the figures come from."""

    command: str
    commit: str
    machine: str


def benchmarks_page(sets: Sequence[SetResult], pool: Sequence[PooledResult], provenance: Provenance) -> str:
    """The page, as Markdown."""
    parts = [_head(provenance), *map(_set, sets), _steps(sets)]
    if any(each.ablations for each in sets):
        parts.append(_ablations([each for each in sets if each.ablations]))
    if pool:
        parts.append(_pool(pool))
    parts.append(_published())
    return "\n\n".join(parts) + "\n"


def _head(provenance: Provenance) -> str:
    return f"""# Benchmarks

Written by one command; do not edit.

```sh
{provenance.command}
```

Commit {provenance.commit}, on {provenance.machine}. Encoder and ranker run on the CPU; no language model is
involved, neither to index nor to ask.

**How to read it.** Every set is a BEIR folder in a collection of its own, ingested and asked as users do it. R@k is
the share of a question's gold documents among the first k, all@k the share of questions that have all of them
there. A figure is a mean over n questions with its 95 % bootstrap interval in brackets. A difference is paired:
both systems answer the same questions. It is **bold** where the whole interval lies on one side of 0, and one bold
figure in twenty would be so by chance. Milliseconds are of one question at a time on a machine that does other
things too: compare them within this page only. They are the sums of the steps that a system takes, of questions
that nothing was cached for; keyword and vector read the same lists as fused. The learned ranker of a set never saw
a question of its family: the name of its model says what it was trained without."""


def _set(result: SetResult) -> str:
    head = f"## {result.name}\n\n{result.documents:,} documents, n = {result.questions:,} questions; {_ranker(result)}."
    rows = [
        [_SYSTEMS[name], *(_estimate(row.measures[m]) for m in SHOWN), f"{1e3 * row.p50:.0f} / {1e3 * row.p95:.0f}"]
        for name, row in result.rows.items()
    ]
    return f"{head}\n\n{_table(['system', *map(_name, SHOWN), 'ms p50 / p95'], rows)}"


def _ranker(result: SetResult) -> str:
    name = result.ranker["name"]
    trained = result.ranker.get("trained_on")
    sets = f", trained on {', '.join(sorted(trained))}" if isinstance(trained, Mapping) else ""
    warning = " **(which are of the same family: its figures are too good)**" if unfair(result) else ""
    return f"ranker `{name}`{sets}{warning}"


def _steps(sets: Sequence[SetResult]) -> str:
    rows = [
        [result.name, f"{result.questions:,}", f"{better} - {worse}"]
        + [_difference(result.steps[f"{better} - {worse}"][m]) for m in DIFFERENCES]
        for better, worse in STEPS
        for result in sets
    ]
    return (
        "## What the graph and the ranker give\n\nPaired differences.\n\n"
        f"{_table(['set', 'n', 'difference', *map(_name, DIFFERENCES)], rows)}"
    )


def _ablations(sets: Sequence[SetResult]) -> str:
    names = list(dict.fromkeys(name for result in sets for name in result.ablations))
    rows = [[name, _options(name), *(_difference(r.ablations[name][ABLATED]) for r in sets)] for name in names]
    asked = ", ".join(f"{result.name} {result.ablation_questions:,}" for result in sets)
    return f"""## Every stage switched off in turn

{_name(ABLATED)} minus that of the full configuration (graph + learned ranker), paired, over the first questions of
each set: n = {asked}. The ranker is not trained again without what is switched off, so a stage that it relies on
looks dearer than it is.

{_table(["switched", "options", *(result.name for result in sets)], rows)}"""


def _options(name: str) -> str:
    return ", ".join(f"`{key}={value!r}`" for key, value in ABLATIONS[name].items())


def _pool(pool: Sequence[PooledResult]) -> str:
    rows = [
        [r.name, f"{r.questions:,}", *(_estimate(r.measures[m]) for m in ("recall@1", "recall@5", "all@8"))]
        + [_difference(r.difference[m]) for m in ("recall@1", "recall@5")]
        + [_VERDICTS[r.difference["recall@5"].no_worse(MARGIN)]]
        for r in pool
    ]
    header = ["set", "n", "R@1", "R@5", "all@8", "R@1, pool - alone", "R@5, pool - alone", f"R@5 within {MARGIN}"]
    return f"""## All sets in one collection

{pool[0].documents:,} documents of {len(pool)} sets in one collection, asked with the full configuration. A text
that several sets share takes one place in the order. "No worse" where the interval of the paired difference rules
out a loss of {MARGIN}, "worse" where the whole interval lies below that, "open" where n is too small to say.

{_table(header, rows)}"""


def _published() -> str:
    return f"""## Published figures of other systems

As their papers print them, in percent; none was run here.

Recall@5, 1,000 questions a corpus:

{_published_table(RECALL_AT_5)}

Token F1 of answers:

{_published_table(ANSWER_F1)}

{CORPORA}"""


def _published_table(systems: Iterable[Published]) -> str:
    corpora = ("MuSiQue", "HotpotQA", "2Wiki", "NQ")
    rows = [[s.system, *(f"{s.figures[c]:.1f}" if c in s.figures else "" for c in corpora), s.source] for s in systems]
    return _table(["system", *corpora, "source"], rows)


def _name(measure: str) -> str:
    return _NAMES.get(measure, measure)


def _estimate(value: Estimate) -> str:
    return f"{value.mean:.3f} [{value.low:.3f}, {value.high:.3f}]"


def _difference(value: Estimate) -> str:
    shown = f"{value.mean:+.3f} [{value.low:+.3f}, {value.high:+.3f}]"
    return f"**{shown}**" if value.sign else shown


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
