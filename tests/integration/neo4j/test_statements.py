"""Every Cypher file runs through the planner of the real server and finds its nodes by index."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, LiteralString, cast

import pytest
from neo4j import Driver

import cypher
from kgqa.adapters.neo4j.admin import apply_schema, server_version
from tests.unit.cypher.test_files import NAMES, body

SCANS = ("AllNodesScan", "NodeByLabelScan", "RelationshipTypeScan")


def operators(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("children", ()):
        yield from operators(child)


#: parameters that are no numbers: the planner looks at their types
PARAMETERS = {name: [1] for name in ("chunks", "names", "known", "classes", "ids", "generations")}
PARAMETERS |= {"rows": [[1] * 7], "name": "x", "key": "x", "from": "x", "to": "x", "collection": "x"}


def explained(driver: Driver, statement: str) -> list[dict[str, Any]]:
    parameters = {name: PARAMETERS.get(name, 1) for name in re.findall(r"\$(\w+)", statement)}
    with driver.session() as session:
        plan = session.run(cast("LiteralString", f"EXPLAIN {statement}"), parameters).consume().plan
    assert plan is not None
    return list(operators(plan))


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith(("schema/", "scan/"))])
def test_statements_seek_by_the_index_they_name(driver: Driver, name: str) -> None:
    plan = explained(driver, cypher.statement(name))
    used = " ".join(str(step.get("args", {}).get("Details", "")) for step in plan if "Index" in step["operatorType"])
    assert not [step["operatorType"] for step in plan if step["operatorType"].startswith(SCANS)]
    header = cypher.statement(name).partition("// Index used:")[2].partition("\n")[0]
    for label, properties in re.findall(r"(\w+)\(([\w, ]+)\)", header):
        assert f"{label}({properties})" in used


def test_a_scan_would_be_noticed(driver: Driver) -> None:
    plan = explained(driver, "MATCH (n:Name) WHERE n.tokens = 3 RETURN n")
    assert [step["operatorType"] for step in plan if step["operatorType"].startswith(SCANS)]


def test_the_schema_is_applied_once(driver: Driver) -> None:
    def schema() -> set[tuple[str, ...]]:
        with driver.session() as session:
            return {
                (row["name"], *row["labelsOrTypes"], *row["properties"])
                for row in session.run("SHOW INDEXES WHERE type <> 'LOOKUP'")
            }

    before = schema()
    apply_schema(driver)
    assert schema() == before
    wanted = {re.search(r"(?:CONSTRAINT|INDEX) (\w+) IF", body(n)) for n in NAMES if n.startswith("schema/")}
    assert {index[0] for index in before} == {found[1] for found in wanted if found}


def test_the_server_is_the_long_term_line(endpoints) -> None:
    version = server_version(endpoints.neo4j_url, endpoints.neo4j_user, endpoints.neo4j_password)
    assert version.startswith("5.26.")
