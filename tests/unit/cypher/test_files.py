"""The Cypher files: one statement each, described, used, and bound to generation and classes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import cypher
from kgqa.adapters.neo4j.content import KINDS

ROOT = Path(cypher.__file__).parent
PROJECT = ROOT.parent
NAMES = sorted(file.relative_to(ROOT).with_suffix("").as_posix() for file in ROOT.rglob("*.cypher"))
READS = [name for name in NAMES if name.startswith("ask/")]
#: names that the adapter puts together
COMPOSED = {f"ingest/put_{kind}" for kind in KINDS} | {f"inspect/read_{kind}" for kind in KINDS}
COMPOSED |= {f"ingest/clear_{kind}" for kind in ("documents", "names", "entities")}
COMPOSED |= {f"ingest/prune_{kind}" for kind in ("names", "entities")}


def body(name: str) -> str:
    return "\n".join(line for line in cypher.statement(name).splitlines() if not line.startswith("//"))


def classless_chunks(text: str) -> list[str]:
    """Chunks and claims that a statement matches without checking their class."""
    matched = re.findall(r"\(\s*(\w*)\s*:(?:Chunk|Claim)\b", text)
    return [variable for variable in matched if f"{variable}.aclClass IN $classes" not in text or not variable]


def test_statements_are_found_by_name() -> None:
    assert "MENTIONS" in cypher.statement("ask/expand")
    with pytest.raises(FileNotFoundError):
        cypher.statement("ask/nothing")


@pytest.mark.parametrize("name", NAMES)
def test_header_says_purpose_parameters_columns_and_index(name: str) -> None:
    header = [line for line in cypher.statement(name).splitlines() if line.startswith("//")]
    assert header[0].endswith(".")
    keys = [line.removeprefix("// ").partition(":")[0] for line in header]
    assert [key for key in keys if key in {"Parameters", "Columns", "Index used"}] == [
        "Parameters",
        "Columns",
        "Index used",
    ]


@pytest.mark.parametrize("name", NAMES)
def test_parameters_are_those_of_the_header(name: str) -> None:
    header = cypher.statement(name).partition("// Parameters:")[2].partition("// Columns:")[0]
    for parameter in re.findall(r"\$(\w+)", body(name)):
        assert re.search(rf"\b{parameter}\b", header), f"{name} does not describe ${parameter}"


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_one_statement_and_fits_a_screen(name: str) -> None:
    assert ";" not in body(name)
    assert max(map(len, cypher.statement(name).splitlines())) <= 120
    assert body(name).strip()


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith(("schema/", "scan/"))])
def test_every_statement_binds_the_generation(name: str) -> None:
    assert "$generation" in body(name)


@pytest.mark.parametrize("name", READS)
def test_reads_of_the_ask_path_check_the_class_of_every_chunk(name: str) -> None:
    assert "$classes" in body(name)
    assert classless_chunks(body(name)) == []


def test_the_check_of_classes_notices_a_forgotten_one() -> None:
    assert classless_chunks("MATCH (c:Chunk)--(n) RETURN c") == ["c"]
    assert classless_chunks("MATCH (:Chunk)--(n) RETURN n") == [""]
    assert classless_chunks("MATCH (c:Chunk) WHERE c.aclClass IN $classes MATCH (d:Claim) RETURN d") == ["d"]


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith(("ask/", "ingest/", "inspect/", "scan/"))])
def test_every_statement_is_used(name: str) -> None:
    sources = "".join(file.read_text() for file in (PROJECT / "kgqa" / "adapters" / "neo4j").glob("*.py"))
    assert name in COMPOSED or f'"{name}"' in sources


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("browser/")])
def test_ready_queries_are_described(name: str) -> None:
    assert f"../cypher/{name}.cypher" in (PROJECT / "docs" / "neo4j-browser.md").read_text()


def test_the_style_knows_every_label_and_relationship() -> None:
    style = (ROOT / "browser" / "style.grass").read_text()
    statements = "".join(body(name) for name in NAMES if name.startswith("ingest/"))
    labels = set(re.findall(r"\(\s*\w*\s*:(\w+)", statements))
    types = {type_ for types in re.findall(r"\[\w*:([A-Z_|]+)", statements) for type_ in types.split("|")}
    assert labels
    assert types
    assert labels == set(re.findall(r"^node\.(\w+) ", style, re.MULTILINE))
    assert types == set(re.findall(r"^relationship\.(\w+) ", style, re.MULTILINE))
