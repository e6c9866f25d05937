"""Evidence and mentions as Turtle text, straight from their records.

They are most of ``provenance.ttl``, a dozen triples each: terms that become text again at once would take three quarters of the
time. ``kg.export.provenance`` says what the text means; it is the same, byte for byte.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from pyoxigraph import NamedNode

from kg import graph as kgraph
from kg import naming
from kg.export.nodelink import version_of
from kg.export.rdf import Names, Remembered, value
from kg.export.turtle import Renderer, quoted, short_names
from kg.vocabularies import term

_ID = "0" * 16  # as long as the id of evidence

_STATEMENT = """
%(evidence)s{id} a %(rdf:Statement)s, %(kgo:Evidence)s ;
    %(rdf:subject)s {subject} ;
    %(rdf:predicate)s {predicate} ;
    %(rdf:object)s {object} ;
    %(prov:wasDerivedFrom)s {source} ;
    %(prov:wasAttributedTo)s {agent} ;
    %(kgo:confidence)s {confidence} ;
    %(kgo:implied)s {implied} ;
    %(kgo:extractor)s {extractor} ;
    %(kgo:sentence)s {sentence} ;
    %(oa:hasTarget)s [
        %(oa:hasSource)s {source} ;
        %(oa:hasSelector)s [
            a %(oa:TextQuoteSelector)s ;
            %(oa:exact)s {exact} ;
            %(oa:prefix)s {before} ;
            %(oa:suffix)s {after}
        ], [
            a %(oa:TextPositionSelector)s ;
            %(oa:start)s "{start}"^^%(xsd:nonNegativeInteger)s ;
            %(oa:end)s "{end}"^^%(xsd:nonNegativeInteger)s
        ]
    ] .
"""

_MENTION = """
<{source_iri}#char={start},{end}> a %(nif:OffsetBasedString)s ;
    %(nif:referenceContext)s {source} ;
    %(nif:beginIndex)s "{start}"^^%(xsd:nonNegativeInteger)s ;
    %(nif:endIndex)s "{end}"^^%(xsd:nonNegativeInteger)s ;
    %(nif:anchorOf)s {text} ;
    %(itsrdf:taIdentRef)s {entities} .
"""

CONTEXT = 16
"""Code points of text before and after a quote that a selector holds."""

PEOPLE = "corrected"
"""What is called so was found or checked by people."""


def agent_iri(name: str, graph: kgraph.Graph, names: Names) -> NamedNode:
    """Return the IRI of what finds statements: of a program, and its version, or of people."""
    version = "" if name == PEOPLE else version_of(graph)
    return NamedNode(f"{names.base_iri}agent/{naming.slug(name)}-{naming.content_hash(name, version)}")


class Texts:
    """Writes statements and mentions under one set of ``prefixes``, which ``render`` has, too."""

    def __init__(self, graph: kgraph.Graph, names: Names, prefixes: Mapping[str, str], render: Renderer) -> None:
        """Write the names of terms once for all."""
        known = _Terms(names, render)
        self._statement, self._mention = (template % known for template in (_STATEMENT, _MENTION))
        self._graph, self._names = graph, names
        self._entity = short_names(names, prefixes, render)
        self._document = Remembered(lambda id_: render.iri(names.document(id_)))
        self._predicate = Remembered(lambda name: render.iri(names.kgo(name)))
        self._agent = Remembered(lambda name: render.iri(agent_iri(name, graph, names)))
        self._number = lru_cache(lambda number: render.literal(value(number)))

    def statement(self, edge: kgraph.Edge, record: kgraph.EvidenceRecord) -> str:
        """Return one statement of a fact; "" where it has attributes, whose names could be those of other predicates."""
        if record["attributes"]:
            return ""
        before, after = kgraph.around(self._graph, record, CONTEXT)
        document, start, end, extractor = record["document"], record["start"], record["end"], record["extractor"]
        exact = quoted(record["quote"])
        return self._statement.format(
            id=naming.evidence_id(edge.id, document, start, end, extractor=extractor),
            subject=self._entity[edge.subject],
            predicate=self._predicate[edge.record["predicate"]],
            object=self._entity[edge.object],
            source=self._document[document],
            agent=self._agent[extractor],
            confidence=self._number(float(record["confidence"])),
            implied="true" if record["implied"] else "false",
            extractor=quoted(extractor),
            sentence=f"{exact}@zh",
            exact=exact,
            before=quoted(before),
            after=quoted(after),
            start=start,
            end=end,
        )

    def mentions(self, document: str, phrases: list[tuple[tuple[int, int, str], list[str]]]) -> str:
        """Return the mentions of a document."""
        iri, source = self._names.document(document).value, self._document[document]
        found = []
        for (start, end, text), ids in phrases:
            entities = ", ".join([self._entity[id_] for id_ in ids])
            form = {"source_iri": iri, "source": source, "start": start, "end": end, "text": quoted(text), "entities": entities}
            found.append(self._mention.format_map(form))
        return "".join(found)


class _Terms(dict[str, str]):
    """Names of terms → how they are written; ``evidence`` → what stands before the id of evidence."""

    def __init__(self, names: Names, render: Renderer) -> None:
        evidence = render.iri(NamedNode(naming.evidence_iri(_ID, base_iri=names.base_iri)))
        super().__init__(evidence=evidence.removesuffix(_ID))
        self._names, self._render = names, render

    def __missing__(self, name: str) -> str:
        prefix, _, local = name.partition(":")
        return self._render.iri(self._names.kgo(local) if prefix == "kgo" else term(name))
