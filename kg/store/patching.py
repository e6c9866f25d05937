"""The tables of one build → those of the next, in which a few groups of rows are others."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from kg.store.reading import connected, file_list
from kg.store.schema import ORDER, OWNER
from kg.store.writing import COPYING, write_table


def patch_table(table: str, old: Path, path: Path, *, groups: Collection[str], records: Iterable[Mapping[str, Any]]) -> None:
    """Write into ``path`` the rows of ``old`` with ``records`` in the place of those that belong to ``groups``.

    Args:
        table: name of the table.
        old: the file of the last build.
        path: the new file.
        groups: values of the column ``kg.store.schema.OWNER``.
        records: all rows that belong to ``groups`` now, sorted.
    """
    import pyarrow as pa

    if not groups:
        shutil.copyfile(old, path)
        return
    new = path.with_suffix(".new")
    write_table(table, records, new)
    with connected(path.parent) as connection:
        connection.register("gone", pa.table({"name": sorted(groups)}))
        stay = f"SELECT * FROM read_parquet({file_list([str(old)])}) WHERE {OWNER[table]} NOT IN (SELECT name FROM gone)"
        order = ", ".join(ORDER[table])
        both = f"{stay} UNION ALL SELECT * FROM read_parquet({file_list([str(new)])}) ORDER BY {order}"
        where = file_list([str(path)])[1:-1]
        connection.execute(f"COPY ({both}) TO {where} {COPYING}")
    new.unlink()
