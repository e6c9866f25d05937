"""SHACL shapes from the ontology: one source says what may stand with what, and ``shapes.ttl`` repeats it for validators.

``python -m kg.shapes ontology/`` writes the file again after an edit of ``ontology.ttl``. Shapes of a pack's own go beside it, in
files named ``shapes-NAME.ttl``, as those of evidence do. Every shape that can be violated has an IRI, so that a report can name
it and find its messages.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path

from kg.ontology import OntClass, Ontology, Predicate, default_pack, load_ontology, roles, subtypes, top_type, types

_HEADER = """\
# SHACL shapes of the graph, generated from ontology.ttl by `python -m kg.shapes`. Do not edit: write shapes of your own to
# shapes-NAME.ttl in this folder. They apply to graph.ttl and provenance.ttl taken together, without inference.

@prefix kgo:     <{namespace}> .
@prefix kgs:     <{shapes}> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix oa:      <http://www.w3.org/ns/oa#> .
@prefix prov:    <http://www.w3.org/ns/prov#> .
@prefix rdf:     <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix rdfs:    <http://www.w3.org/2000/01/rdf-schema#> .
@prefix sh:      <http://www.w3.org/ns/shacl#> .
@prefix skos:    <http://www.w3.org/2004/02/skos/core#> .
@prefix xsd:     <http://www.w3.org/2001/XMLSchema#> .
"""


GROUNDED = "-grounded"
"""How the names of the shapes end that ask for evidence of every fact."""


def shapes_namespace(ontology: Ontology) -> str:
    """Return the namespace of the shapes, beside that of the ontology.

    >>> shapes_namespace(load_ontology(default_pack()))
    'https://example.org/kg/shapes#'
    """
    return ontology.namespace.rstrip("#/").rsplit("/", 1)[0] + "/shapes#"


def shapes_turtle(ontology: Ontology) -> str:
    """Return the SHACL shapes of ``ontology`` as Turtle, the same text for the same ontology.

    https://www.w3.org/TR/shacl/
    """
    parts = [_HEADER.format(namespace=ontology.namespace, shapes=shapes_namespace(ontology))]
    parts.append("# " + "-" * 117 + "\n# Entities\n")
    parts += [_is_a(ontology.classes[t]) for t in types(ontology)]
    parts.append(_one_type(ontology))
    parts += [_entity(ontology, ontology.classes[t]) for t in types(ontology)]
    parts += [_subclass(ontology, c) for c in ontology.classes.values() if c.parent is not None]
    parts += [_role(ontology, ontology.classes[r]) for r in roles(ontology)]
    parts.append("# " + "-" * 117 + "\n# Facts\n")
    parts += [text for p in ontology.predicates.values() for text in _predicate(ontology, p)]
    parts.append(_statement(ontology))
    return "\n".join(parts)


def _message(zh: str, en: str) -> str:
    return f"sh:message {json.dumps(zh, ensure_ascii=False)}@zh,\n        {json.dumps(en, ensure_ascii=False)}@en"


def _is_a(cls: OntClass) -> str:
    # sh:hasValue, not sh:class: unions of sh:class cost the fast engine quadratic time, and both types are asserted anyway.
    return f"kgs:is{cls.name} a sh:NodeShape ; sh:property [ sh:path rdf:type ; sh:hasValue kgo:{cls.name} ] .\n"


def _any_of(names: Iterable[str]) -> str:
    """Return the constraint that a node has one of these types; sorted, as sets have no order."""
    shapes = [f"kgs:is{n}" for n in sorted(names)]
    return f"sh:node {shapes[0]}" if len(shapes) == 1 else f"sh:or ( {' '.join(shapes)} )"


def _labels(ontology: Ontology, names: Iterable[str]) -> tuple[str, str]:
    """Return the labels of classes joined by "or", in Chinese and English."""
    found = [ontology.classes[n] for n in sorted(names)]
    return "或".join(c.label_zh for c in found), " or ".join(c.label_en for c in found)


def _one_type(ontology: Ontology) -> str:
    zh, en = "、".join(ontology.classes[t].label_zh for t in types(ontology)), ", ".join(types(ontology))
    return f"""\
kgs:OneType a sh:NodeShape ;
    sh:targetSubjectsOf skos:prefLabel,
        kgo:{", kgo:".join(ontology.predicates)} ;
    sh:xone ( {" ".join(f"kgs:is{t}" for t in types(ontology))} ) ;
    {_message(f"实体必须恰好属于一个类型：{zh}。", f"An entity needs exactly one type of: {en}.")} .
"""


def _entity(ontology: Ontology, cls: OntClass) -> str:
    name, zh, en = cls.name, cls.label_zh, cls.label_en
    below = subtypes(ontology, name)
    text = f"""\
kgs:{name} a sh:NodeShape ;
    sh:targetClass kgo:{name} ;
    sh:nodeKind sh:IRI ;
    {_message(f"{zh}必须有 IRI。", f"{en}: must have an IRI.")} ;
    sh:property kgs:{name}-name, kgs:{name}-alias, kgs:{name}-label{f", kgs:{name}-subtype" if below else ""} .
kgs:{name}-name a sh:PropertyShape ;
    sh:path skos:prefLabel ;
    sh:minCount 1 ;
    sh:datatype rdf:langString ;
    sh:uniqueLang true ;
    sh:pattern "\\\\S" ;
    {_message(f"{zh}必须有名称（skos:prefLabel，每种语言一个，不为空）。",
              f"{en}: needs a name (skos:prefLabel, one a language, not blank).")} .
kgs:{name}-alias a sh:PropertyShape ;
    sh:path skos:altLabel ;
    sh:disjoint skos:prefLabel ;
    sh:pattern "\\\\S" ;
    {_message(f"{zh}的别名不能为空，也不能与名称相同。", f"{en}: an alias must not be blank or equal to the name.")} .
kgs:{name}-label a sh:PropertyShape ;
    sh:path rdfs:label ;
    sh:minCount 1 ;
    {_message(f"{zh}必须有 rdfs:label。", f"{en}: needs an rdfs:label.")} .
"""
    if below:
        text += f"""\
kgs:{name}-subtype a sh:PropertyShape ;
    sh:path rdf:type ;
    sh:qualifiedValueShape [ sh:in ( {" ".join(f"kgo:{s}" for s in below)} ) ] ;
    sh:qualifiedMaxCount 1 ;
    {_message(f"{zh}至多有一个子类型。", f"{en}: at most one subtype is allowed.")} .
"""
    return text


def _subclass(ontology: Ontology, cls: OntClass) -> str:
    top = ontology.classes[top_type(ontology, cls.name)]
    return f"""\
kgs:{cls.name} a sh:NodeShape ;
    sh:targetClass kgo:{cls.name} ;
    {_any_of([top.name])} ;
    {_message(f"{cls.label_zh}必须同时标为{top.label_zh}。", f"{cls.label_en}: must be typed {top.name}, too.")} .
"""


def _role(ontology: Ontology, cls: OntClass) -> str:
    """Return the shape that a role is held only by what stands in a predicate that gives it."""
    giving = [p for p in ontology.predicates.values() if p.role == cls.name]
    if not giving:
        return ""
    paths = " ".join(f"kgo:{p.name} [ sh:inversePath kgo:{p.name} ]" for p in giving)
    zh, en = "、".join(p.label_zh for p in giving), ", ".join(p.name for p in giving)
    return f"""\
kgs:{cls.name}-reason a sh:NodeShape ;
    sh:targetClass kgo:{cls.name} ;
    sh:property kgs:{cls.name}-statement .
kgs:{cls.name}-statement a sh:PropertyShape ;
    sh:path [ sh:alternativePath ( {paths} ) ] ;
    sh:minCount 1 ;
    {_message(f"{cls.label_zh}必须处于{zh}之一的关系中。", f"{cls.label_en}: must stand in a statement of {en}.")} .
"""


def _predicate(ontology: Ontology, predicate: Predicate) -> Iterable[str]:
    """Yield the shapes of one predicate: its subjects, its objects, and what no statement of it may be."""
    name, blocks = predicate.name, _blocks(predicate)
    subjects = frozenset().union(*blocks.values())
    rules = [f"kgs:{name}-self", f"kgs:{name}-object"] if len(blocks) == 1 else [f"kgs:{name}-self"]
    rules += [f"kgs:{name}-once"] if predicate.symmetric else []
    rules += [f"kgs:{name}-acyclic"] if predicate.transitive else []
    zh, en = _labels(ontology, subjects)
    yield f"""\
kgs:{name} a sh:NodeShape ;
    sh:targetSubjectsOf kgo:{name} ;
    {_any_of(subjects)} ;
    {_message(f"“{predicate.label_zh}”({name})的主语必须是{zh}。", f"The subject of {name} must be: {en}.")} ;
    sh:property {", ".join(rules)} .
"""
    for objects, block in blocks.items():
        suffix = "-object" if len(blocks) == 1 else "-" + "-".join(sorted(block))
        yield _object_rule(ontology, predicate, f"kgs:{name}{suffix}", objects, block if len(blocks) > 1 else frozenset())
    yield _restrictions(predicate)
    if predicate.role is not None and predicate.symmetric:
        role = ontology.classes[predicate.role]
        yield f"""\
kgs:{name}-role a sh:NodeShape ;
    sh:targetSubjectsOf kgo:{name} ;
    sh:targetObjectsOf kgo:{name} ;
    sh:property kgs:{name}-role-type .
kgs:{name}-role-type a sh:PropertyShape ;
    sh:path rdf:type ;
    sh:hasValue kgo:{role.name} ;
    {_message(f"“{predicate.label_zh}”({name})的双方都必须标为{role.label_zh}。",
              f"Both sides of {name} must be typed {role.name}.")} .
"""
    yield _grounded(ontology, predicate)


def _blocks(predicate: Predicate) -> dict[frozenset[str], frozenset[str]]:
    """Return the subject types by the set of object types they may have: one block where every subject may have every object."""
    allowed: dict[str, set[str]] = {}
    for subjects, objects in predicate.signatures:
        for subject in sorted(subjects):
            allowed.setdefault(subject, set()).update(objects)
    blocks: dict[frozenset[str], frozenset[str]] = {}
    for subject, found in sorted(allowed.items()):
        blocks[frozenset(found)] = blocks.get(frozenset(found), frozenset()) | {subject}
    return blocks


def _object_rule(ontology: Ontology, predicate: Predicate, iri: str, objects: frozenset[str], block: frozenset[str]) -> str:
    zh, en = _labels(ontology, objects)
    of_zh, of_en = _labels(ontology, block)
    text = ""
    if block:
        targets = ", ".join(f"kgo:{t}" for t in sorted(block))
        text = f"{iri} a sh:NodeShape ; sh:targetClass {targets} ; sh:property {iri}-object .\n"
        iri += "-object"
    return text + f"""\
{iri} a sh:PropertyShape ;
    sh:path kgo:{predicate.name} ;
    sh:nodeKind sh:IRI ;
    {_any_of(objects)} ;
    {_message(f"{of_zh}“{predicate.label_zh}”({predicate.name})的宾语必须是{zh}。",
              f"The object of {predicate.name}{f' of {of_en}' if of_en else ''} must be: {en}.")} .
"""


def _restrictions(predicate: Predicate) -> str:
    name, zh = predicate.name, predicate.label_zh
    # The path of a property that nothing has, zero or one times, is the node itself; so this is "not to itself" in SHACL Core.
    text = f"""\
kgs:{name}-self a sh:PropertyShape ;
    sh:path [ sh:zeroOrOnePath kgs:nothing ] ;
    sh:disjoint kgo:{name} ;
    {_message(f"“{zh}”({name})不能指向自身。", f"{name} must not lead from an entity to itself.")} .
"""
    if predicate.symmetric:
        text += f"""\
kgs:{name}-once a sh:PropertyShape ;
    sh:path [ sh:inversePath kgo:{name} ] ;
    sh:disjoint kgo:{name} ;
    {_message(f"“{zh}”({name})是对称关系，只写一个方向。", f"{name} is symmetric: one direction is written.")} .
"""
    if predicate.transitive:
        text += f"""\
kgs:{name}-acyclic a sh:PropertyShape ;
    sh:path [ sh:oneOrMorePath [ sh:inversePath kgo:{name} ] ] ;
    sh:disjoint kgo:{name} ;
    {_message(f"“{zh}”({name})不能形成环。", f"{name} must not run in a circle.")} .
"""
    return text


def _grounded(ontology: Ontology, predicate: Predicate) -> str:
    """Return the shape that every fact has evidence, wherever there is any evidence at all in the data."""
    return f"""\
kgs:{predicate.name}{GROUNDED} a sh:NodeShape ;
    sh:targetSubjectsOf kgo:{predicate.name} ;
    sh:sparql kgs:{predicate.name}-evidence .
kgs:{predicate.name}-evidence a sh:SPARQLConstraint ;
    {_message(f"“{predicate.label_zh}”({predicate.name})没有出处：找不到陈述它的证据。",
              f"{predicate.name} has no evidence: nothing states it.")} ;
    sh:select \"\"\"SELECT $this (<{ontology.namespace}{predicate.name}> AS ?path) ?value WHERE {{
    $this <{ontology.namespace}{predicate.name}> ?value .
    FILTER EXISTS {{ ?any a <http://www.w3.org/1999/02/22-rdf-syntax-ns#Statement> }}
    FILTER NOT EXISTS {{
        ?evidence <http://www.w3.org/1999/02/22-rdf-syntax-ns#subject> $this ;
            <http://www.w3.org/1999/02/22-rdf-syntax-ns#predicate> <{ontology.namespace}{predicate.name}> ;
            <http://www.w3.org/1999/02/22-rdf-syntax-ns#object> ?value
    }}
}}\"\"\" .
"""


def _statement(ontology: Ontology) -> str:
    """Return the shape that evidence states a predicate of the ontology; the rest of evidence is in ``shapes-evidence.ttl``."""
    return f"""\
kgs:Statement a sh:NodeShape ;
    sh:targetClass rdf:Statement ;
    sh:property kgs:Statement-predicate .
kgs:Statement-predicate a sh:PropertyShape ;
    sh:path rdf:predicate ;
    sh:minCount 1 ;
    sh:maxCount 1 ;
    sh:in ( {" ".join(f"kgo:{p}" for p in ontology.predicates)} ) ;
    {_message("证据必须恰有一个谓词，且是本体中的关系。", "Evidence needs one rdf:predicate, a relation of the ontology.")} .
"""


def main() -> None:
    """Write ``shapes.ttl`` of the pack given as the only argument, or of the default pack."""
    pack = Path(sys.argv[1]) if len(sys.argv) > 1 else default_pack()
    (pack / "shapes.ttl").write_text(shapes_turtle(load_ontology(pack)), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
