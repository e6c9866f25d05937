"""The registry finds known names, derives others, and says exactly what is wrong in its files."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.errors import PackError
from kg.ontology import Ontology, default_pack, load_ontology
from kg.registry import Registry, forms, load_registry

HEADER = "name\ttype\tsubtype\taliases\tkind\tparent\tsource\n"
PATTERNS = "pattern\tcanonical\ttype\tsubtype\tparent\treason\n"
ENTRIES = (
    "星河集团有限公司\tOrganization\tCompany\t星河|星河集团\ttelecom\t\ttest\n"
    "星河软件研究院\tOrganization\tResearchInstitution\t软研院\tunit\t星河\ttest\n"
    "海南省\tPlace\t\t海南\tprovince\t\ttest\n"
    "广西壮族自治区\tPlace\t\t广西\tprovince\t\ttest\n"
    "“三个一”行动\tProgramme\t\t\t\t\ttest\n"
    "5G专网\tAsset\t\t\t\t\ttest\n"
)


@pytest.fixture(scope="module")
def ontology() -> Ontology:
    return load_ontology(default_pack())


@pytest.fixture(scope="module")
def real(ontology: Ontology) -> Registry:
    return load_registry(default_pack(), ontology)


def pack(folder: Path, **files: str) -> Path:
    (folder / "registry").mkdir()
    for name, text in files.items():
        (folder / "registry" / f"{name}.tsv").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def small(tmp_path: Path, ontology: Ontology) -> Registry:
    patterns = PATTERNS + (
        "{place}星河\t星河集团{place}分公司\tOrganization\tCompany\t星河\tbranches\n"
        "{brand}{place}分公司\t{brand}{place}分公司\tOrganization\tCompany\t{brand}\tbranches\n"
        "星河{place}公司\t星河集团{place}分公司\tOrganization\tCompany\t星河\tbranches\n"
    )
    return load_registry(pack(tmp_path, bodies="# comment\n" + HEADER + ENTRIES, patterns=patterns), ontology)


def name_of(registry: Registry, name: str) -> str | None:
    entry = registry.lookup(name)
    return entry.name if entry else None


def test_a_pack_without_registry_knows_nothing(tmp_path: Path, ontology: Ontology) -> None:
    empty = load_registry(tmp_path, ontology)
    assert empty.lookup("中国联通") is None
    assert empty.find("中国联通") == []


@pytest.mark.parametrize("spelling", ["星河集团有限公司", "星河", "“星河”", "星 河集团"])
def test_names_and_aliases_are_found_in_any_spelling(small: Registry, spelling: str) -> None:
    assert name_of(small, spelling) == "星河集团有限公司"


def test_lookup_by_type_tells_namesakes_apart(tmp_path: Path, ontology: Ontology) -> None:
    rows = "和平\tPlace\t\t\t\t\tx\n和平\tPerson\t\t\t\t\tx\n"
    registry = load_registry(pack(tmp_path, a=HEADER + rows), ontology)
    assert registry.lookup("和平", type="Person").type == "Person"  # type: ignore[union-attr]
    assert registry.lookup("和平").type == "Place"  # type: ignore[union-attr]
    assert registry.lookup("和平", type="Event") is None


def test_a_parent_given_by_alias_becomes_the_parents_name(small: Registry) -> None:
    assert small.lookup("软研院").parent == "星河集团有限公司"  # type: ignore[union-attr]


def test_all_spellings_of_a_derived_name_are_one_entry(small: Registry) -> None:
    spellings = ["海南星河", "海南省星河", "星河海南公司", "星河海南省公司", "星河集团海南分公司", "星河集团海南省分公司"]
    assert len({small.lookup(s) for s in spellings}) == 1
    assert small.lookup("海南星河").parent == "星河集团有限公司"  # type: ignore[union-attr]
    assert small.lookup("火星星河") is None
    assert small.lookup("海南星河股份") is None


def test_find_gives_the_longest_names_with_offsets_of_the_text(small: Registry) -> None:
    text = "海南星河、广西 星河与“星河”集团在５G专网上,软研院搞“三个一”行动。"
    assert [(text[s:e], entry.name) for s, e, entry in small.find(text)] == [
        ("海南星河", name_of(small, "海南星河")),
        ("广西 星河", name_of(small, "广西星河")),
        ("星河”集团", "星河集团有限公司"),
        ("５G专网", "5G专网"),
        ("软研院", "星河软件研究院"),
        ("三个一”行动", "“三个一”行动"),
    ]


def test_a_name_behind_its_owner_is_the_name(tmp_path: Path, ontology: Ontology) -> None:
    places = (("江南省", "江南", ""), ("云溪市", "云溪", "江南省"), ("竹林县", "竹林", "云溪市"), ("北山省", "北山", ""))
    rows = "".join(f"{name}\tPlace\t\t{alias}\t\t{parent}\tx\n" for name, alias, parent in places)
    registry = load_registry(pack(tmp_path, a=HEADER + rows), ontology)
    assert [name_of(registry, n) for n in ("江南云溪", "江南省云溪市竹林县", "云溪竹林", "江南竹林", "北山竹林", "竹林云溪")] == [
        "云溪市", "竹林县", "竹林县", "竹林县", None, None,
    ]  # fmt: skip
    text = "在江南省云溪市竹林县、北山云溪"
    assert [(text[s:e], entry.name) for s, e, entry in registry.find(text)] == [
        ("江南省云溪市竹林县", "竹林县"),
        ("北山", "北山省"),
        ("云溪", "云溪市"),
    ]


def test_a_match_does_not_cut_a_latin_word_nor_cross_a_line(tmp_path: Path, ontology: Ontology) -> None:
    registry = load_registry(pack(tmp_path, a=HEADER + "AI平台\tAsset\t\tAI\t\t\tx\n"), ontology)
    assert registry.find("MAIN AI平\n台 OpenAI")[0][:2] == (5, 7)
    assert len(registry.find("MAIN AI平\n台 OpenAI")) == 1


@pytest.mark.parametrize(
    "name",
    ["安康联通", "中国联通安康市分公司", "上海电信", "中国电信上海分公司", "中国联合网络通信有限公司海南省分公司", "海南联通"],
)
def test_a_name_in_a_text_is_the_entry_that_lookup_gives(real: Registry, name: str) -> None:
    ((start, end, entry),) = real.find(f"经协商，{name}。")
    assert (start, end) == (4, 4 + len(name))
    assert entry == real.lookup(name)


def test_of_two_patterns_for_one_name_the_first_counts_and_a_listed_name_before_both(
    tmp_path: Path, ontology: Ontology
) -> None:
    patterns = PATTERNS + (
        "星河{place}省分公司\t星河集团{place}分公司\tOrganization\tCompany\t星河\tbranches\n"
        "{brand}{place}省分公司\t{brand}属{place}公司\tOrganization\tCompany\t{brand}\tbranches\n"
    )
    listed = "星河广西公司\tOrganization\tCompany\t星河广西省分公司\tunit\t\ttest\n"
    registry = load_registry(pack(tmp_path, bodies=HEADER + ENTRIES + listed, patterns=patterns), ontology)
    for name, entry in (("星河海南省分公司", "星河集团海南分公司"), ("星河广西省分公司", "星河广西公司")):
        assert [found.name for _, _, found in registry.find(name)] == [name_of(registry, name)] == [entry]


@settings(deadline=None)
@given(st.text(alphabet="海南星河集团软研院5Gg专网“” \n、分公司\U00020000", max_size=60))
def test_found_names_are_what_lookup_knows(real: Registry, text: str) -> None:
    end = 0
    for start, stop, entry in real.find(text):
        assert end <= start < stop <= len(text)
        assert "\n" not in text[start:stop]
        assert real.lookup(text[start:stop]) is not None
        assert entry.type
        end = stop


def test_the_users_entry_replaces_ours_with_all_its_aliases(tmp_path: Path, ontology: Ontology) -> None:
    user = HEADER + "星河集团有限公司\tOrganization\tCompany\t星河通信\t\t\tme\n海岸\tPlace\t\t海南\t\t\tme\n"
    registry = load_registry(pack(tmp_path, bodies=HEADER + ENTRIES.replace("\t星河\ttest", "\t\ttest"), user=user), ontology)
    assert name_of(registry, "星河通信") == "星河集团有限公司"
    assert registry.lookup("星河") is None
    assert name_of(registry, "海南") == "海岸"
    assert name_of(registry, "海南省") == "海南省"


def test_rulings_are_read_from_both_files(tmp_path: Path, ontology: Ontology) -> None:
    user = "!apart\t甲公司\t乙公司\tnot one\n!same\t丙\t丁\n"
    merges = "left\tright\treason\n戊公司\t己公司\tlook alike\n"
    registry = load_registry(pack(tmp_path, user=user, merges=merges), ontology)
    assert [(r.left, r.right, r.reason) for r in registry.apart] == [
        ("戊公司", "己公司", "look alike"),
        ("甲公司", "乙公司", "not one"),
    ]
    assert [(r.left, r.right) for r in registry.same] == [("丙", "丁")]
    assert registry.same[0].where.endswith("user.tsv:2")


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"a": "name\ttype\n"}, r"a\.tsv:1: the first line must be 'name <tab> type"),
        (
            {"a": HEADER + "甲\tOrganisation\t\t\t\t\tx\n"},
            r"a\.tsv:2: unknown type 'Organisation'; did you mean 'Organization'\? Known: Asset",
        ),
        (
            {"a": HEADER + "甲\tOrganization\tFirm\t\t\t\tx\n"},
            r"a\.tsv:2: unknown subtype of Organization 'Firm'.* Known: Association",
        ),
        ({"a": HEADER + "甲\tPlace\tCompany\t\t\t\tx\n"}, r"unknown subtype of Place 'Company'.* Known: none"),
        ({"a": HEADER + "甲\tPlace\t\t\t\t\tx\ttoo many\n"}, r"a\.tsv:2: expected 7 columns .*, got 8"),
        ({"a": HEADER + "甲\n"}, r"a\.tsv:2: expected 7 columns .*, got 1"),
        ({"a": HEADER + "《》\tPlace\t\t\t\t\tx\n"}, r"a\.tsv:2: '《》' has no letter"),
        (
            {"a": HEADER + "甲\tPlace\t\t丙\t\t\tx\n\n乙\tPlace\t\t“丙”\t\t\tx\n"},
            r"a\.tsv:4: duplicate alias '“丙”': .*a\.tsv:2 gives it to '甲'",
        ),
        ({"a": HEADER + "甲\tPlace\t\t\t\t\tx\n", "b": HEADER + "甲\tPlace\t\t\t\t\tx\n"}, r"b\.tsv:2: duplicate name '甲'"),
        ({"a": HEADER + "甲乙丙\tPlace\t\t\t\t甲乙丁\tx\n"}, r"a\.tsv:2: unknown parent '甲乙丁'; did you mean '甲乙丙'\?"),
        ({"a": HEADER + "甲\tPlace\t\t\t\t甲\tx\n"}, r"'甲' is its own parent"),
        (
            {"a": HEADER + "甲\tPlace\t\t\t\t\tx\n", "patterns": PATTERNS + "甲\t甲\tPlace\t\t\tx\n"},
            r"patterns\.tsv:2: '甲' needs literal text and slots",
        ),
        (
            {"a": HEADER + "甲\tPlace\t\t\t\t\tx\n", "patterns": PATTERNS + "{plaice}局\t甲\tPlace\t\t\tx\n"},
            r"unknown placeholder 'plaice'; did you mean 'place'",
        ),
        (
            {"a": HEADER + "甲\tPlace\t\t\t\t\tx\n", "patterns": PATTERNS + "{place}局\t{brand}局\tPlace\t\t\tx\n"},
            r"uses {brand}, which '{place}局' does not have",
        ),
        (
            {"a": HEADER + "甲\tPlace\t\t\t\t\tx\n", "patterns": PATTERNS + "{place}局\t{place}局\tPlace\t\t乙\tx\n"},
            r"patterns\.tsv:2: unknown parent '乙'",
        ),
        ({"user": "!join\t甲\t乙\n"}, r"user\.tsv:1: unknown directive '!join'.* Known: !apart, !same"),
        ({"user": "!same\t甲\n"}, r"user\.tsv:1: expected !same <tab> name <tab> name"),
        ({"generic": "word\trole\tclasses\n部\thaed\t*\n"}, r"generic\.tsv:2: unknown role 'haed'; did you mean 'head'"),
        (
            {"generic": "word\trole\tclasses\n部\thead\tDepartmant\n"},
            r"generic\.tsv:2: unknown class 'Departmant'; did you mean 'Department'",
        ),
        (
            {"scopes": "type\tsubtype\tpolicy\towner\towns\treason\nPlace\t\tgenric\t\tno\tx\n"},
            r"scopes\.tsv:2: unknown policy 'genric'",
        ),
        (
            {"scopes": "type\tsubtype\tpolicy\towner\towns\treason\nPlace\t\tname\t^partof\tno\tx\n"},
            r"scopes\.tsv:2: unknown predicate 'partof'",
        ),
    ],
)
def test_a_mistake_is_named_with_file_and_line(tmp_path: Path, ontology: Ontology, files: dict[str, str], message: str) -> None:
    with pytest.raises(PackError, match=message):
        load_registry(pack(tmp_path, **files), ontology)


def test_a_file_that_is_no_utf8_is_named(tmp_path: Path, ontology: Ontology) -> None:
    folder = pack(tmp_path)
    (folder / "registry" / "a.tsv").write_bytes("中国".encode("gb18030"))
    with pytest.raises(PackError, match=r"a\.tsv: cannot be read"):
        load_registry(folder, ontology)


def test_the_registry_of_the_pack_is_large_and_knows_the_genre(real: Registry) -> None:
    assert len(real.entries) >= 2500
    assert real.lookup("联通") == real.lookup("中国联通") == real.lookup("中国联合网络通信集团有限公司")
    assert name_of(real, "工信部") == name_of(real, "工业和信息化部")
    for entry in real.entries:
        assert not entry.parent or real.lookup(entry.parent) is not None


def test_the_registry_loads_quickly(ontology: Ontology) -> None:
    best = min(_seconds(ontology) for _ in range(3))
    assert best < 1.0  # twelve thousand entries take 0.15 s on a quiet core; the rest is for busy machines


def _seconds(ontology: Ontology) -> float:
    begin = time.process_time()
    load_registry(default_pack(), ontology)
    return time.process_time() - begin


def test_forms_are_shown_once(small: Registry) -> None:
    entry = small.lookup("星河")
    assert entry is not None
    assert forms(entry) == ("星河集团有限公司", "星河", "星河集团")
