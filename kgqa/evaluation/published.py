"""Figures of other systems, as their papers print them. None of them was run here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

HIPPORAG_2 = "Gutiérrez et al. 2025, arXiv 2502.14802"
#: reprints the table of HIPPORAG_2 and adds its own reproduction of LinearRAG
HELP = "arXiv 2602.20926, table 1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """One system in one paper, in percent by corpus."""

    system: str
    source: str
    figures: Mapping[str, float]


#: share of gold passages among the first five, 1,000 questions a corpus
RECALL_AT_5 = (
    Published(
        system="HippoRAG 2 (LLM triples, NV-Embed-v2 with 7 billion parameters)",
        source=HIPPORAG_2,
        figures={"MuSiQue": 74.7, "HotpotQA": 96.3, "2Wiki": 90.4, "NQ": 78.0},
    ),
    Published(
        system="NV-Embed-v2 alone",
        source=HIPPORAG_2,
        figures={"MuSiQue": 69.7, "HotpotQA": 94.5, "2Wiki": 76.5},
    ),
    Published(
        system="HippoRAG (ColBERTv2)",
        source="Jiménez Gutiérrez et al. 2024, arXiv 2405.14831",
        figures={"MuSiQue": 51.9, "HotpotQA": 77.7, "2Wiki": 89.1},
    ),
)

#: token F1 of answers that Llama-3.3-70B writes over what each system retrieves
ANSWER_F1 = (
    Published(
        system="HippoRAG 2",
        source=f"{HIPPORAG_2}, as reprinted in {HELP}",
        figures={"MuSiQue": 48.6, "HotpotQA": 75.5, "2Wiki": 71.0, "NQ": 63.3},
    ),
    Published(
        system="GraphRAG (Edge et al. 2024)",
        source=f"{HIPPORAG_2}, as reprinted in {HELP}",
        figures={"MuSiQue": 38.5, "HotpotQA": 68.6, "2Wiki": 58.6, "NQ": 46.9},
    ),
    Published(
        system="LightRAG (Guo et al. 2024)",
        source=f"{HIPPORAG_2}, as reprinted in {HELP}",
        figures={"MuSiQue": 1.6, "HotpotQA": 2.4, "2Wiki": 11.6, "NQ": 16.6},
    ),
    Published(
        system="LinearRAG (Zhuang et al. 2025, arXiv 2510.10114), reproduced by others",
        source=HELP,
        figures={"MuSiQue": 31.0, "HotpotQA": 59.0, "2Wiki": 54.9, "NQ": 54.5},
    ),
)

CORPORA = """The corpora are those of HippoRAG 2: MuSiQue 11,656, HotpotQA 9,811 and 2Wiki 6,119 passages. Of the
sets above only `2wiki-51` is over a published corpus (all 6,119 passages, 51 of its questions); the
others are pools of the same kind that are up to ten times smaller, and therefore easier. NQ there is
another pool than `nq-even`. GraphRAG and LightRAG return summaries and descriptions, not ranked
passages, so there is no recall of theirs to compare; the F1 of answers is of a 70-billion-parameter
reader and not comparable with any figure above."""
