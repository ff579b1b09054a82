"""The frames that pass between jobs, as Spark schemas. A job's `select` names these columns and no others."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd
from pyspark.sql.types import (
    ArrayType,
    BinaryType,
    DataType,
    DoubleType,
    FloatType,
    IntegerType,
    LongType,
    MapType,
    StringType,
    StructField,
    StructType,
    TimestampType,
)


def _struct(**columns: DataType) -> StructType:
    return StructType([StructField(name, kind) for name, kind in columns.items()])


#: a document of a source, before it is read: a file (`path`, `size`) or one line of a corpus (`line`)
SOURCE = _struct(
    key=StringType(),
    uri=StringType(),
    path=BinaryType(),
    size=LongType(),
    line=StringType(),
    principals=ArrayType(StringType()),
    listing_hash=BinaryType(),
)
#: a document of the record
RECORDED = _struct(id=LongType(), key=StringType(), uri=StringType(), principals=ArrayType(StringType()))
#: a message of a topic
MESSAGE = _struct(partition=IntegerType(), offset=LongType(), timestamp=TimestampType(), value=BinaryType())
#: what deciding about a message needs; `reason`: why it is no event
HEAD = _struct(
    partition=IntegerType(),
    offset=LongType(),
    time=DoubleType(),
    collection=StringType(),
    key=StringType(),
    operation=StringType(),
    version=LongType(),
    principals=ArrayType(StringType()),
    reason=StringType(),
    digest=BinaryType(),
)
#: an event that brings a document, before it is read
EVENT_SOURCE = _struct(key=StringType(), uri=StringType(), value=BinaryType(), principals=ArrayType(StringType()))
#: a document that was read, on its way to be enriched; `reading` is a pickled `ReadDocument`
READING = _struct(
    key=StringType(), reading=BinaryType(), chunk_ids=ArrayType(LongType()), texts=ArrayType(StringType())
)
#: where Spark NLP's ruler found a rule first: number of the text, offset in UTF-16 units, number of the rule
REGION = _struct(text=IntegerType(), start=IntegerType(), rule=IntegerType())
REGION_ARRAY = ArrayType(REGION)
#: Spark NLP's own annotations
ANNOTATIONS = ArrayType(
    _struct(
        annotatorType=StringType(),
        begin=IntegerType(),
        end=IntegerType(),
        result=StringType(),
        metadata=MapType(StringType(), StringType()),
        embeddings=ArrayType(FloatType()),
    )
)
#: what became of some documents of one partition
OUTCOME = _struct(outcome=StringType(), documents=LongType(), chunks=LongType())
#: a sense of a name
ALIAS = _struct(id=LongType(), norm=StringType(), surface=StringType(), type=StringType(), signature=StringType())
KEY = _struct(key=StringType(), id=LongType())
#: evidence that two aliases are one thing; acl_class is null where it follows from the names
LINK = _struct(left=LongType(), right=LongType(), score=DoubleType(), reason=StringType(), acl_class=IntegerType())
COMPONENT = _struct(id=LongType(), component=LongType())
CLUSTER = _struct(id=LongType(), cluster=LongType())


def frame(rows: Iterable[tuple[object, ...]], schema: StructType) -> pd.DataFrame:
    """Rows as tasks hand them to Spark: the columns of the schema, also for no rows."""
    return pd.DataFrame(list(rows), columns=pd.Index(schema.names))
