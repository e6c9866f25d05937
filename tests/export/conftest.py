"""Knowledge made by hand and by hypothesis, with the most hostile text that a document can hold."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import strategies as st

from kg import naming
from kg.graph import build_graph
from kg.model import Document, Entity, Evidence, Fact, Knowledge, Located, Span
from kg.ontology import default_pack, load_ontology

HOSTILE = [
    '中国"联通"',
    "it's \\ back\\\\slash\\",
    "两\n行\r\n文\t本",
    "😀👨‍👩‍👧 emoji",
    "\u202eעברית\u202c RTL",
    "<img src=x onerror=alert(1)> & ]]> --> <!--",
    "\x00\x01\x08\x0b\x0c\x1f\x7f\x85\u2028\ufffe",
    '=HYPERLINK("http://x")',
    "'}) DETACH DELETE n; //",
    '"}]) MATCH (n) DETACH DELETE n;\n//',
    "\\u0022}) MATCH (n) DETACH DELETE n //",
    '" . <urn:a> <urn:b> "c',
    "} ; DROP ALL ; INSERT DATA { <urn:a> <urn:b> <urn:c> }",
    "a;b;\\u003Bc,d|e",
    "_x0001_ _x005F_",
    "  ",
    "$rows `x` ${y}",
]
"""Names that break a writer that does not escape."""


@pytest.fixture(scope="session")
def ontology():
    return load_ontology(default_pack())


@pytest.fixture
def graph(ontology):
    return build_graph(make_knowledge(HOSTILE), ontology)


@pytest.fixture(scope="session")
def knowledge_strategy():
    text = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12) | st.sampled_from(HOSTILE)
    return st.lists(text, min_size=1, max_size=6, unique=True).map(make_knowledge)


def make_knowledge(names: list[str]) -> Knowledge:
    """Return two documents that name ``names``: each pairs with the next, the first runs a programme of the same name."""
    text = "".join(f"{name}结对。" for name in names)
    documents = (
        Document(
            "第 1 份", "甲/第 1 份.txt", text, "0" * 64, title=Span(0, len(names[0])), date="2023-05-18", publisher=Span(0, 1)
        ),
        Document("b;b", "b;b.txt", text, "f" * 64, encoding="gb18030"),
    )
    entities, place = [], {}
    start = 0
    for number, name in enumerate(names):
        id_ = naming.entity_id("Organization", name, scope=str(number))
        place[id_] = start
        mentions = tuple(Located(d.id, start, start + len(name), name) for d in documents)
        attributes = (("date", "2020-02-30x"), ("quantity", 5), ("share", 0.25), ("奇 key>", name)) if number == 0 else ()
        roles = ("PartnerBody",) if len(names) > 1 else ()
        subtype = "Company" if number % 2 else None
        entities.append(
            Entity(
                id_,
                "Organization",
                name,
                subtype,
                roles,
                (name + ";别名", name + "\\;"),
                mentions=mentions,
                attributes=attributes,
            )
        )
        start += len(name) + 3
    mention = Located("b;b", 0, len(names[0]), names[0])
    programme = Entity(naming.entity_id("Programme", names[0]), "Programme", names[0], mentions=(mention,))
    facts = [_fact(entities[0].id, "implements", programme.id, documents[1], 0, len(names[0]), implied=True)]
    for left, right in pairwise(entities):
        first, second = sorted([left.id, right.id])
        facts.append(_fact(first, "pairsWith", second, documents[0], place[left.id], len(left.name) + 3))
    return Knowledge(documents, (*entities, programme), tuple(facts))


def _fact(
    subject: str, predicate: str, object_: str, document: Document, start: int, length: int, *, implied: bool = False
) -> Fact:
    quote = document.text[start : start + length]
    attributes = (("position", quote), ("year", 2023)) if implied else ()
    evidence = (
        Evidence(
            document.id, start, start + length, quote, 0.875, implied, "规则", Span(start, start + 1), attributes=attributes
        ),
        Evidence(document.id, start, start + 1, quote[0], 0.5, implied, "crf"),
    )
    return Fact(naming.fact_id(subject, predicate, object_), subject, predicate, object_, evidence, implied, 0.875)
