"""The steps of ``kg.flow`` on Apache Spark: data sets are Parquet folders that all machines see, steps run in ``mapInPandas``.

After every step the rows are written, so that a machine that is lost costs one step and nothing is computed twice.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial, reduce
from itertools import count, groupby, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kg.errors import InputError
from kg.flow.packing import packed, unpacked
from kg.flow.packs import SENT
from kg.flow.rows import Data, Grouper, Row

if TYPE_CHECKING:
    import pandas as pd
    from pyspark.sql import DataFrame, SparkSession

SCHEMA = "kind string, key string, `order` string, number bigint, data binary"
_COLUMNS = ["kind", "key", "order", "number", "data"]
_BATCH = 2048
_GIVEN = 20_000

Mapper = Callable[[Iterator[Row]], Iterator[Row]]
"""Some of the rows of a data set → rows; which of them come together means nothing."""


@dataclass(frozen=True, slots=True)
class Frames:
    """A data set: the folders that hold it, each with the kinds of rows that count, ``None`` for all."""

    folders: tuple[tuple[str, tuple[str, ...] | None], ...]

    def only(self, *kinds: str) -> Frames:
        """Return the rows of these kinds."""
        return Frames(tuple((f, tuple(k for k in kinds if old is None or k in old)) for f, old in self.folders))


class SparkEngine:
    """Runs steps in a Spark session; ``folder`` is where all machines can write, the caller's to remove."""

    def __init__(self, spark: SparkSession, folder: str) -> None:
        """Begin without data."""
        self.spark = spark
        self._folder = folder.rstrip("/")
        self._names = count()

    def sent(self, pack: Path) -> str:
        """Send the domain pack to every machine once, and return the name by which the steps find it there."""
        self.spark.sparkContext.addFile(str(pack), recursive=True)
        return SENT + pack.name

    def given(self, rows: Iterable[Row]) -> Frames:
        """Write rows of this process, which should be few or come once."""
        folder, waiting, some = self._next(), iter(rows), False
        while batch := list(islice(waiting, _GIVEN)):
            frame = self.spark.createDataFrame(_frame(batch), schema=SCHEMA)
            frame.write.mode("append").partitionBy("kind").parquet(folder)
            some = True
        return Frames(((folder, None),) if some else ())

    def mapped(self, data: Data, step: Mapper) -> Frames:
        """Run ``step`` on each part of the rows."""
        return self.written(self.frame((data,)).mapInPandas(partial(_map, step), SCHEMA))

    def grouped(self, data: Iterable[Data], step: Grouper) -> Frames:
        """Bring together the rows of each key, sorted, and run ``step`` on each group."""
        together = self.frame(tuple(data)).repartition("key").sortWithinPartitions("key", "order", "number")
        return self.written(together.mapInPandas(partial(_group, step), SCHEMA))

    def united(self, data: Iterable[Data]) -> Frames:
        """Return several data sets as one."""
        return Frames(tuple(folder for one in data for folder in _frames(one).folders))

    def collected(self, data: Data) -> Iterator[Row]:
        """Yield all rows here, sorted by key, order and number."""
        for row in self.frame((data,)).orderBy("key", "order", "number").toLocalIterator():
            yield Row(row["kind"], row["key"], row["order"], row["number"], unpacked(row["data"]))

    def frame(self, data: Iterable[Data]) -> DataFrame:
        """Return data sets as one ``DataFrame``."""
        frames = []
        for one in data:
            for folder, kinds in _frames(one).folders:
                if kinds != ():
                    found = self.spark.read.schema(SCHEMA).parquet(folder)
                    frames.append(found if kinds is None else found.where(found["kind"].isin(*kinds)))
        if not frames:
            return self.spark.createDataFrame([], SCHEMA)
        return reduce(lambda left, right: left.unionByName(right), frames).select(*(f"`{name}`" for name in _COLUMNS))

    def written(self, frame: DataFrame) -> Frames:
        """Write rows where all machines see them."""
        folder = self._next()
        frame.write.partitionBy("kind").parquet(folder)
        return Frames(((folder, None),))

    def _next(self) -> str:
        return f"{self._folder}/{next(self._names):05d}"


def session(*, master: str | None = None, memory: str = "2g") -> SparkSession:
    """Return the running session, or start one: with the settings of ``spark-submit``, or ``master`` (``local[2]``).

    Raises:
        InputError: pyspark or Java is missing.
    """
    try:
        from pyspark.errors import PySparkRuntimeError
        from pyspark.sql import SparkSession
    except ImportError:
        raise InputError("the engine spark needs pyspark: pip install 'kg-builder[spark]'") from None
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.appName("kg")
    if master is not None and SparkSession.getActiveSession() is None:
        options = {"spark.driver.memory": memory, "spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false"}
        options |= {
            "spark.sql.shuffle.partitions": "4",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.host": "127.0.0.1",
        }
        builder = builder.master(master)
        for name, value in options.items():
            builder = builder.config(name, value)
    try:
        return builder.getOrCreate()
    except (PySparkRuntimeError, RuntimeError) as error:
        raise InputError(
            f"Spark does not start ({error}); it needs Java 17 or newer, and JAVA_HOME where it is not found"
        ) from None


def _frames(data: Data) -> Frames:
    assert isinstance(data, Frames)
    return data


def rows_of(frames: Iterator[pd.DataFrame]) -> Iterator[Row]:
    """Yield the rows of a part."""
    for frame in frames:
        for kind, key, order, number, data in zip(*(frame[name] for name in _COLUMNS), strict=True):
            yield Row(kind, key, order, int(number), unpacked(data))


def _map(step: Mapper, frames: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    return batched(step(rows_of(frames)))


def _group(step: Grouper, frames: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    groups = groupby(rows_of(frames), key=lambda row: row.key)
    return batched(row for key, rows in groups for row in step(key, rows))


def batched(rows: Iterable[Row]) -> Iterator[pd.DataFrame]:
    """Yield rows as Spark takes them, some at a time."""
    waiting = iter(rows)
    while batch := list(islice(waiting, _BATCH)):
        yield _frame(batch)


def _frame(rows: list[Row]) -> pd.DataFrame:
    import pandas as pd

    values: list[tuple[Any, ...]] = [(*row[:4], packed(row.data)) for row in rows]
    return pd.DataFrame(values, columns=_COLUMNS)
