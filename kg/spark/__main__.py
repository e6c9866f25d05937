"""``spark-submit …/kg/spark/__main__.py SOURCE OUT``: see ``docs/spark.md``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from kg.errors import KgError
from kg.naming import DEFAULT_BASE_IRI
from kg.ontology import default_pack
from kg.spark.engine import session
from kg.spark.run import PARTITION, build_on_spark


def main() -> None:
    """Parse the arguments, build, and say what was done."""
    parser = argparse.ArgumentParser(prog="python -m kg.spark", description="Build a knowledge graph on Apache Spark.")
    parser.add_argument("source", help="Parquet or JSON lines with the columns id, text and, where known, title and date")
    parser.add_argument("out", help="where tables/ and graph.nt/ go; must not exist, and all machines must see it")
    parser.add_argument("--ontology", type=Path, default=None, help="the domain pack; default: the one of the package")
    parser.add_argument("--base-iri", default=DEFAULT_BASE_IRI, help="prefix of all IRIs")
    parser.add_argument("--model", default="fast", help="fast, accurate or grammar")
    parser.add_argument("--partition", type=int, default=PARTITION, help="documents of one partition")
    parser.add_argument("--master", default=None, help="for a run without spark-submit, such as local[4]")
    given = parser.parse_args()
    try:
        done = build_on_spark(
            session(master=given.master),
            given.source,
            given.out,
            pack=given.ontology or default_pack(),
            base_iri=given.base_iri,
            model=given.model,
            partition=given.partition,
        )
    except KgError as error:
        sys.exit(f"{error}")
    sys.stdout.write(f"documents: {done.documents}\n")
    for document, reason in done.problems:
        sys.stderr.write(f"{document}: {reason}\n")
    sys.exit(1 if done.problems else 0)


if __name__ == "__main__":
    main()
