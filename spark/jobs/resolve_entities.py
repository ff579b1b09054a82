"""Entities of a whole collection: blocking, scoring, GraphFrames' connected components, partition of each component.

The functions that judge are those of `kgqa.ingest.resolve`; Spark adds the joins. Only aliases that have a link go
through GraphFrames: the others are components by themselves.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any, cast

import pandas as pd
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as fn

from kgqa.adapters.postgres.document_store import PostgresDocumentStore
from kgqa.errors import ConfigurationError, Conflict
from kgqa.ingest.resolve import blocking_keys, partition, score
from kgqa.model.entity import Alias, AliasLink
from spark import schemas
from spark.failures import task_errors
from spark.progress import Progress

ADAPTIVE = "spark.sql.adaptive.enabled"
#: reasons of links that do not follow from the names
ASSERTED = ("stated", "manual")
#: a document that is written meanwhile makes it start again
ATTEMPTS = 3
#: of the aliases: when fewer wait, their components alone are resolved, in memory, to the same partition
WHOLE_SHARE = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """What resolving a collection found."""

    #: links that follow from names, each pair once, and the stated ones that were given
    links: tuple[AliasLink, ...]
    #: of every alias
    component_of: dict[int, int]
    #: entities, by smallest member
    clusters: tuple[frozenset[int], ...]


def run(session: SparkSession, aliases: Sequence[Alias], stated: Sequence[AliasLink]) -> Resolution:
    """Resolve these aliases."""
    ids = {alias.id for alias in aliases}
    given = [link for link in stated if link.left in ids and link.right in ids]
    alias_frame = session.createDataFrame([_row(alias, schemas.ALIAS.names) for alias in aliases], schemas.ALIAS)
    given_frame = session.createDataFrame([_row(link, schemas.LINK.names) for link in given], schemas.LINK)
    with task_errors():
        links = score_pairs(candidate_pairs(alias_frame), alias_frame).unionByName(given_frame).cache()
        components = connected_components(links).cache()
        check_components(links, components)
        clusters = cut_components(alias_frame, links, components)
        resolution = Resolution(
            links=tuple(sorted(map(_link, links.collect()), key=lambda link: (link.left, link.right, link.reason))),
            component_of={i: i for i in ids} | {row["id"]: row["component"] for row in components.collect()},
            clusters=_clusters(ids, clusters),
        )
        components.unpersist()
        links.unpersist()
    return resolution


def refresh(session: SparkSession, store: PostgresDocumentStore, collection: str, progress: Progress) -> None:
    """Resolve the aliases that wait, if any: the whole collection, or after a small change only their components.

    Raises Conflict when other writers change the collection as often as it is resolved.
    """
    waiting, total = store.count_waiting(collection)
    if not waiting:
        return
    with progress.stage("resolve", waiting) as stage:
        if waiting < WHOLE_SHARE * total:
            store.resolve(collection)
            stage.update(waiting)
            return
        for attempt in range(1, ATTEMPTS + 1):
            aliases = store.aliases(collection)
            stage.total = len(aliases)
            stated = [link for link in store.links(collection) if link.reason in ASSERTED]
            resolution = run(session, aliases, stated)
            try:
                store.write_partition(collection, resolution.links, resolution.clusters)
                break
            except Conflict:
                if attempt == ATTEMPTS:
                    raise
        stage.update(stage.total or 0)


def candidate_pairs(aliases: DataFrame) -> DataFrame:
    """ALIAS -> (left, right): pairs that share a blocking key, once each, the smaller id first."""

    def keys(batches: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for batch in batches:
            rows = [(key, alias.id) for alias in map(_alias, _records(batch)) for key in blocking_keys(alias)]
            yield schemas.frame(rows, schemas.KEY)

    keyed = aliases.mapInPandas(keys, schemas.KEY)
    left = keyed.select("key", fn.col("id").alias("left"))
    right = keyed.select("key", fn.col("id").alias("right"))
    pairs = left.join(right, on="key", how="inner").where(fn.col("left") < fn.col("right"))
    return pairs.select("left", "right").distinct()


def score_pairs(pairs: DataFrame, aliases: DataFrame) -> DataFrame:
    """(left, right) and ALIAS -> LINK of the pairs that are alike."""

    def scored(batches: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for batch in batches:
            found = [score(_alias(row["a"]), _alias(row["b"])) for row in _records(batch)]
            yield schemas.frame([_row(link, schemas.LINK.names) for link in found if link], schemas.LINK)

    fields = fn.struct(*schemas.ALIAS.names)
    a = aliases.select(fn.col("id").alias("left"), fields.alias("a"))
    b = aliases.select(fn.col("id").alias("right"), fields.alias("b"))
    sides = pairs.join(a, on="left", how="inner").join(b, on="right", how="inner").select("a", "b")
    return sides.mapInPandas(scored, schemas.LINK)


def connected_components(links: DataFrame) -> DataFrame:
    """LINK -> COMPONENT of every alias that has a link; a component is named by its smallest member."""
    edges = links.select(fn.col("left").alias("src"), fn.col("right").alias("dst")).distinct().cache()
    if edges.isEmpty():
        return links.sparkSession.createDataFrame([], schemas.COMPONENT)
    from graphframes import GraphFrame  # asks for the running JVM as it is loaded

    vertices = edges.select(fn.col("src").alias("id")).union(edges.select("dst")).distinct()
    with without_adaptive_plans(links.sparkSession):
        found = GraphFrame(vertices, edges).connectedComponents(
            algorithm="graphframes", broadcastThreshold=-1, use_local_checkpoints=True
        )
    edges.unpersist()
    smallest = found.groupBy("component").agg(fn.min("id").alias("smallest"))
    named = found.join(smallest, on="component", how="inner")
    return named.select("id", fn.col("smallest").alias("component"))


@contextmanager
def without_adaptive_plans(session: SparkSession) -> Generator[None]:
    """Plans of iterative algorithms grow each round; planning them again at each shuffle takes most of the time."""
    adaptive = session.conf.get(ADAPTIVE) or "true"
    session.conf.set(ADAPTIVE, "false")
    try:
        yield
    finally:
        session.conf.set(ADAPTIVE, adaptive)


def check_components(links: DataFrame, components: DataFrame) -> None:
    """Both ends of every link must share a component: GraphFrames has been wrong before. Raises ConfigurationError."""
    left = components.select(fn.col("id").alias("left"), fn.col("component").alias("a"))
    right = components.select(fn.col("id").alias("right"), fn.col("component").alias("b"))
    ends = links.join(left, on="left", how="left").join(right, on="right", how="left")
    wrong = ends.where(~fn.col("a").eqNullSafe(fn.col("b"))).count()
    if wrong:
        raise ConfigurationError(
            f"GraphFrames gave {wrong} links two components.",
            hint="check KGQA_SPARK__GRAPHFRAMES against the version of graphframes-py; nothing was written.",
        )


def cut_components(aliases: DataFrame, links: DataFrame, components: DataFrame) -> DataFrame:
    """ALIAS, LINK, COMPONENT -> CLUSTER of every alias in a component: `ingest.resolve.partition`, one at a time."""

    def cut(members: pd.DataFrame, inner: pd.DataFrame) -> pd.DataFrame:
        groups = partition(map(_alias, _records(members)), map(_link, _records(inner)))
        rows = [(alias, min(group)) for group in groups for alias in group]
        return schemas.frame(rows, schemas.CLUSTER)

    members = aliases.join(components, on="id", how="inner")
    of_left = components.select(fn.col("id").alias("left"), fn.col("component").alias("of"))
    inner = links.join(of_left, on="left", how="inner")
    return members.groupBy("component").cogroup(inner.groupBy("of")).applyInPandas(cut, schemas.CLUSTER)


def _clusters(ids: set[int], clusters: DataFrame) -> tuple[frozenset[int], ...]:
    groups: dict[int, set[int]] = {}
    alone = set(ids)
    for row in clusters.collect():
        groups.setdefault(row["cluster"], set()).add(row["id"])
        alone.discard(row["id"])
    return tuple(sorted([*map(frozenset, groups.values()), *(frozenset({i}) for i in alone)], key=min))


def _records(batch: pd.DataFrame) -> list[dict[str, Any]]:
    return cast("list[dict[str, Any]]", batch.to_dict("records"))


def _alias(row: Any) -> Alias:
    return Alias(**{name: row[name] for name in schemas.ALIAS.names})


def _link(row: Any) -> AliasLink:
    """From a frame: integers that may be missing come as floats from pandas."""
    acl_class = row["acl_class"]
    return AliasLink(
        left=int(row["left"]),
        right=int(row["right"]),
        score=float(row["score"]),
        reason=row["reason"],
        acl_class=None if acl_class is None or pd.isna(acl_class) else int(acl_class),
    )


def _row(value: Alias | AliasLink, names: Sequence[str]) -> tuple[object, ...]:
    fields = asdict(value)
    return tuple(fields[name] for name in names)
