"""The ontology: which classes and predicates there are, and what may stand with what.

It is read from ``ontology.ttl`` of a domain pack and is the only place that says which names exist. A name that is used but not
declared, a class without a place in the hierarchy or a term without its labels is a ``PackError`` with file and line.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import NoReturn, TypedDict

import pyoxigraph as ox

from kg.errors import PackError
from kg.vocabularies import VOCABULARIES

Signature = tuple[frozenset[str], frozenset[str]]
"""Allowed types of subject and of object, by name."""

_Term = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple

DEFAULT_NAMESPACE = "https://example.org/kg/ontology#"
"""The namespace of the default pack; a pack states its own with ``vann:preferredNamespaceUri``."""

RDF, RDFS, OWL = (VOCABULARIES[prefix] for prefix in ("rdf", "rdfs", "owl"))
VANN_NAMESPACE = "http://purl.org/vocab/vann/preferredNamespaceUri"

# A misspelt rdfs:lable would otherwise show only as a missing label, far from its cause.
_KNOWN_TERMS = {
    RDF: {"type", "first", "rest", "nil", "Statement", "Property", "List"},
    RDFS: {
        "Class", "Literal", "Resource", "comment", "domain", "isDefinedBy", "label", "range", "seeAlso", "subClassOf",
        "subPropertyOf",
    },
    OWL: {
        "AllDisjointClasses", "AnnotationProperty", "AsymmetricProperty", "Class", "DatatypeProperty", "FunctionalProperty",
        "InverseFunctionalProperty", "IrreflexiveProperty", "ObjectProperty", "Ontology", "SymmetricProperty", "Thing",
        "TransitiveProperty", "disjointWith", "equivalentClass", "equivalentProperty", "imports", "inverseOf", "members",
        "priorVersion", "unionOf", "versionIRI", "versionInfo",
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class OntClass:
    """A class of entities; ``parent`` is ``None`` for an entity type, ``role`` marks a class that no entity has as its type."""

    name: str
    parent: str | None
    label_zh: str
    label_en: str
    comment_zh: str
    comment_en: str
    role: bool = False


@dataclass(frozen=True, slots=True)
class Predicate:
    """A relation between entities.

    ``signatures`` are the allowed pairs of subject types and object types. ``inverse`` is the name of the inverse property, which
    is inferred and never stored; ``role`` is the role class that a statement gives to the organizations in it.
    """

    name: str
    signatures: tuple[Signature, ...]
    symmetric: bool
    transitive: bool
    inverse: str | None
    label_zh: str
    label_en: str
    comment_zh: str
    comment_en: str
    inverse_label_zh: str = ""
    inverse_label_en: str = ""
    role: str | None = None


@dataclass(frozen=True, slots=True)
class Ontology:
    """What ``ontology.ttl`` says; ``classes`` and ``predicates`` are in the order of the file.

    ``attributes`` are the names of the other properties in the namespace: attributes, inverses, annotations.
    """

    namespace: str
    classes: Mapping[str, OntClass]
    predicates: Mapping[str, Predicate]
    attributes: frozenset[str]
    path: Path
    version: str = ""


def default_pack() -> Path:
    """Return the folder of the domain pack that comes with the program: packaged in a wheel, ``ontology/`` in a checkout.

    Raises:
        PackError: Neither is there, so the installation is broken.
    """
    here = Path(__file__).resolve().parent
    candidates = (here / "_pack", here.parent / "ontology")
    for folder in candidates:
        if (folder / "ontology.ttl").is_file():
            return folder
    raise PackError(f"no domain pack: looked for ontology.ttl in {' and '.join(map(str, candidates))}; give one with --pack")


def types(ontology: Ontology) -> tuple[str, ...]:
    """Return the names of the entity types, in the order of the ontology.

    >>> types(load_ontology(default_pack()))[:3]
    ('Organization', 'Programme', 'Slogan')
    """
    return tuple(c.name for c in ontology.classes.values() if c.parent is None)


def subtypes(ontology: Ontology, type: str) -> tuple[str, ...]:
    """Return the names of the direct and indirect subtypes of ``type``; roles are none.

    >>> subtypes(load_ontology(default_pack()), "Organization")[:2]
    ('Company', 'Department')
    """
    check_name(type, ontology.classes, kind="class", where=str(ontology.path))
    below = (c for c in ontology.classes.values() if c.parent is not None and top_type(ontology, c.name) == type)
    return tuple(c.name for c in below if not c.role)


def roles(ontology: Ontology) -> tuple[str, ...]:
    """Return the names of the role classes.

    >>> roles(load_ontology(default_pack()))
    ('PartnerBody',)
    """
    return tuple(c.name for c in ontology.classes.values() if c.role)


def top_type(ontology: Ontology, name: str) -> str:
    """Return the entity type that the class ``name`` belongs to.

    >>> top_type(load_ontology(default_pack()), "WorkingGroup")
    'Organization'

    Raises:
        PackError: There is no such class.
    """
    check_name(name, ontology.classes, kind="class", where=str(ontology.path))
    current = ontology.classes[name]
    while current.parent is not None:
        current = ontology.classes[current.parent]
    return current.name


def allows(ontology: Ontology, subject_type: str, predicate: str, object_type: str) -> bool:
    """Return whether a subject and an object of these types (or subtypes) may stand with ``predicate``.

    >>> ontology = load_ontology(default_pack())
    >>> allows(ontology, "Company", "partOf", "Organization"), allows(ontology, "Programme", "partOf", "Organization")
    (True, False)

    Raises:
        PackError: The class or the predicate does not exist.
    """
    check_name(predicate, ontology.predicates, kind="predicate", where=str(ontology.path))
    subject, obj = top_type(ontology, subject_type), top_type(ontology, object_type)
    return any(subject in subjects and obj in objects for subjects, objects in ontology.predicates[predicate].signatures)


def names_of(ontology: Ontology) -> tuple[str, ...]:
    """Return every name in the namespace of the ontology: classes, predicates, and the other properties.

    >>> {"Company", "partOf", "hasPart"} <= set(names_of(load_ontology(default_pack())))
    True
    """
    return (*ontology.classes, *ontology.predicates, *sorted(ontology.attributes))


def check_name(name: str, known: Collection[str], *, kind: str, where: str) -> None:
    """Raise if ``name`` is not among ``known``; ``where`` is ``file`` or ``file:line`` and ``kind`` says what it should be.

    Raises:
        PackError: The name is unknown; the message offers the nearest ones and lists those that exist.
    """
    if name in known:
        return
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.6)
    hint = f"; did you mean {' or '.join(near)}?" if near else "."
    raise PackError(f"{where}: unknown {kind} {name!r}{hint} Known: {', '.join(known) or 'none'}")


def load_ontology(pack_dir: Path) -> Ontology:
    """Read ``ontology.ttl`` of a domain pack.

    Raises:
        PackError: The file is missing, is no Turtle, or names something that it does not declare.
    """
    source = _read(pack_dir / "ontology.ttl")
    source.check_vocabulary()
    classes = _classes(source)
    predicates = _predicates(source, classes)
    if not predicates:
        raise PackError(f"{source.path}: no predicate: a property becomes one by {source.prefix}:signature")
    attributes = frozenset(source.declared) - classes.keys() - predicates.keys()
    version = next((v.value for s in source.by_type(OWL + "Ontology") for v in source.literals(s, OWL + "versionInfo")), "")
    return Ontology(source.namespace, classes, predicates, attributes, source.path, version)


class _Texts(TypedDict):
    label_zh: str
    label_en: str
    comment_zh: str
    comment_en: str


@dataclass(frozen=True)
class _Source:
    """The triples of the file, indexed by subject, with the text to find lines in."""

    path: Path
    text: str
    namespace: str
    prefix: str
    triples: tuple[ox.Triple, ...]
    index: dict[tuple[str, str], list[_Term]] = field(default_factory=dict)

    def objects(self, subject: str, predicate: str) -> list[_Term]:
        return self.index.get((subject, predicate), [])

    def literals(self, subject: str, predicate: str) -> list[ox.Literal]:
        return [o for o in self.objects(subject, predicate) if isinstance(o, ox.Literal)]

    def names(self, subject: str, predicate: str) -> list[str]:
        """Return the local names of the objects that lie in the pack's namespace."""
        return self.local(_key(o) for o in self.objects(subject, predicate))

    def local(self, keys: Iterable[str]) -> list[str]:
        """Return the local names of those of ``keys`` that lie in the pack's namespace."""
        return [k[len(self.namespace) :] for k in keys if k.startswith(self.namespace)]

    def by_type(self, iri: str) -> list[str]:
        return [_key(t.subject) for t in self.triples if t.predicate.value == RDF + "type" and _key(t.object) == iri]

    @cached_property
    def declared(self) -> dict[str, None]:
        """Names of the namespace that have an ``rdf:type`` of their own, in the order of the file."""
        return dict.fromkeys(self.local(_key(t.subject) for t in self.triples if t.predicate.value == RDF + "type"))

    def line(self, name: str, *, subject: bool = False) -> int:
        """Return the 1-based line of ``name`` (local, or ``prefix:name``): where it is described, or where it first occurs."""
        full = name if ":" in name else f"{self.prefix}:{name}"
        spelt = rf"(?:{re.escape(full)}(?![\w-])|<{re.escape(self.namespace + name)}>)"
        lines = self.text.splitlines()
        for pattern in ([rf"^{spelt}"] if subject else []) + [rf"^[^#\"]*?(?<![\w:]){spelt}", spelt]:
            for number, line in enumerate(lines, 1):
                if re.search(pattern, line):
                    return number
        return 1

    def fail(self, name: str, message: str, *, subject: bool = True) -> NoReturn:
        raise PackError(f"{self.path}:{self.line(name, subject=subject)}: {message}")

    def check(self, name: str, known: Collection[str], *, kind: str, at: str | None = None) -> None:
        """Raise if ``name`` is unknown; the line is that of the description of ``at``, or where the name first occurs."""
        if name not in known:
            line = self.line(at, subject=True) if at else self.line(name)
            check_name(name, known, kind=kind, where=f"{self.path}:{line}")

    def check_vocabulary(self) -> None:
        """Raise if a term of the namespace is not declared, or a term of RDF, RDFS or OWL does not exist."""
        for triple in self.triples:
            keys = [t.value for t in (triple.subject, triple.predicate, triple.object) if isinstance(t, ox.NamedNode)]
            for name in self.local(keys):
                self.check(name, self.declared, kind="name")
            for key in keys:
                base = next((b for b in _KNOWN_TERMS if key.startswith(b)), None)
                if base is not None and (word := key[len(base) :]) not in _KNOWN_TERMS[base]:
                    prefix = {RDF: "rdf", RDFS: "rdfs", OWL: "owl"}[base]
                    where = f"{self.path}:{self.line(f'{prefix}:{word}')}"
                    check_name(word, sorted(_KNOWN_TERMS[base]), kind=f"{prefix}: term", where=where)

    def text_of(self, name: str, predicate: str, language: str) -> str:
        """Return the one literal of ``name`` in ``language``."""
        found = [v.value for v in self.literals(self.namespace + name, RDFS + predicate) if v.language == language]
        if len(found) != 1 or not found[0].strip():
            problem = "has no" if not found else "has an empty" if len(found) == 1 else f"has {len(found)}"
            self.fail(name, f"{name} {problem} rdfs:{predicate} in {language!r}; exactly one is needed in each of 'zh' and 'en'")
        return found[0]

    def texts(self, name: str) -> _Texts:
        """Return the labels and comments that every term of the namespace needs."""
        return {
            "label_zh": self.text_of(name, "label", "zh"),
            "label_en": self.text_of(name, "label", "en"),
            "comment_zh": self.text_of(name, "comment", "zh"),
            "comment_en": self.text_of(name, "comment", "en"),
        }

    def members(self, node: str) -> frozenset[str]:
        """Return the names of the class at ``node``, or of the classes of the union that it is."""
        heads = self.objects(node, OWL + "unionOf")
        if not heads:
            return frozenset(self.local([node]))
        names, current = set(), _key(heads[0])
        while current != RDF + "nil":
            names.update(self.names(current, RDF + "first"))
            current = next((_key(o) for o in self.objects(current, RDF + "rest")), RDF + "nil")
        return frozenset(names)


def _key(term: object) -> str:
    return term.value if isinstance(term, ox.NamedNode) else str(term)


def _read(path: Path) -> _Source:
    try:
        text = path.read_bytes().decode("utf-8")
        parser = ox.parse(text, format=ox.RdfFormat.TURTLE, base_iri="https://example.org/kg/ontology")
        triples = tuple(quad.triple for quad in parser)
    except FileNotFoundError:
        raise PackError(f"{path}: the domain pack has no ontology.ttl") from None
    except (OSError, UnicodeDecodeError) as error:
        raise PackError(f"{path}: cannot be read: {error}") from error
    except SyntaxError as error:
        raise PackError(f"{path}:{error.lineno or 1}:{error.offset or 1}: not Turtle: {error.msg}") from error
    namespace = _namespace(path, triples)
    prefix = next((p for p, iri in parser.prefixes.items() if iri == namespace), "kgo")
    source = _Source(path, text, namespace, prefix, triples)
    for triple in triples:
        source.index.setdefault((_key(triple.subject), triple.predicate.value), []).append(triple.object)
    return source


def _namespace(path: Path, triples: Iterable[ox.Triple]) -> str:
    """Return the namespace that the header states: ``vann:preferredNamespaceUri``, or the ontology's IRI with ``#``."""
    ontology = None
    for triple in triples:
        if triple.predicate.value == VANN_NAMESPACE and isinstance(triple.object, ox.Literal):
            return triple.object.value
        if triple.predicate.value == RDF + "type" and _key(triple.object) == OWL + "Ontology":
            ontology = _key(triple.subject)
    if ontology is None:
        raise PackError(f"{path}:1: no header: one owl:Ontology with vann:preferredNamespaceUri is needed")
    return ontology if ontology.endswith(("#", "/")) else ontology + "#"


def _classes(source: _Source) -> dict[str, OntClass]:
    """Return the classes below ``Entity``, in the order of the file."""
    root = "Entity"
    source.check(root, source.declared, kind="class")
    declared = source.local(source.by_type(OWL + "Class"))
    parents = {name: source.names(source.namespace + name, RDFS + "subClassOf") for name in declared}
    role_names = set(source.by_type(source.namespace + "Role"))
    classes = {}
    for name in declared:
        chain = [name]
        while chain[-1] != root and (above := parents.get(chain[-1], [])):
            if len(above) > 1:
                source.fail(chain[-1], f"{chain[-1]} has the superclasses {', '.join(above)} of the namespace; one is allowed")
            if above[0] in chain:
                source.fail(name, f"{name} is its own superclass: {' → '.join([*chain, above[0]])}")
            chain.append(above[0])
        texts = source.texts(name)
        if name != root and chain[-1] == root:
            parent = chain[1] if chain[1] != root else None
            classes[name] = OntClass(name, parent, **texts, role=source.namespace + name in role_names)
    if not classes:
        source.fail(root, f"no class is a subclass of {root}")
    return classes


def _predicates(source: _Source, classes: Mapping[str, OntClass]) -> dict[str, Predicate]:
    """Return the properties that have signatures, in the order of the file."""
    symmetric, transitive = set(source.by_type(OWL + "SymmetricProperty")), set(source.by_type(OWL + "TransitiveProperty"))
    predicates = {}
    for name in (n for n in source.declared if n not in classes):
        iri = source.namespace + name
        texts = source.texts(name)
        nodes = source.objects(iri, source.namespace + "signature")
        if not nodes:
            continue
        signatures = tuple(_signature(source, name, _key(node), classes) for node in nodes)
        _check_union(source, name, "domain", frozenset().union(*(s for s, _ in signatures)))
        _check_union(source, name, "range", frozenset().union(*(o for _, o in signatures)))
        inverse = next(iter(source.names(iri, OWL + "inverseOf")), None)
        role = next(iter(source.names(iri, source.namespace + "givesRole")), None)
        if role is not None and not (role in classes and classes[role].role):
            source.check(role, [c.name for c in classes.values() if c.role], kind="role class", at=name)
        predicates[name] = Predicate(
            name=name,
            signatures=signatures,
            symmetric=iri in symmetric,
            transitive=iri in transitive,
            inverse=inverse,
            inverse_label_zh=source.text_of(inverse, "label", "zh") if inverse else "",
            inverse_label_en=source.text_of(inverse, "label", "en") if inverse else "",
            role=role,
            **texts,
        )
        if iri in symmetric and not _mirrored(signatures):
            source.fail(name, f"{name} is symmetric, but its signatures are not")
    return predicates


def _signature(source: _Source, predicate: str, node: str, classes: Mapping[str, OntClass]) -> Signature:
    entity_types = [c.name for c in classes.values() if c.parent is None]
    sides = []
    for side in ("subjectType", "objectType"):
        names = source.names(node, source.namespace + side)
        if not names:
            source.fail(predicate, f"a signature of {predicate} has no {source.prefix}:{side}")
        for name in names:
            source.check(name, entity_types, kind=f"entity type in a signature of {predicate}:", at=predicate)
        sides.append(frozenset(names))
    return sides[0], sides[1]


def _check_union(source: _Source, name: str, side: str, expected: frozenset[str]) -> None:
    nodes = source.objects(source.namespace + name, RDFS + side)
    found = source.members(_key(nodes[0])) if len(nodes) == 1 else frozenset()
    if found != expected:
        source.fail(
            name,
            f"rdfs:{side} of {name} is {', '.join(sorted(found)) or 'missing'} "
            f"but its signatures say {', '.join(sorted(expected))}",
        )


def _mirrored(signatures: Iterable[Signature]) -> bool:
    """Return whether every allowed pair of types is allowed the other way round."""
    pairs = {(s, o) for subjects, objects in signatures for s in subjects for o in objects}
    return all((o, s) in pairs for s, o in pairs)
