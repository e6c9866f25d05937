from __future__ import annotations

from kg.extract import Extractor
from kg.extract.analysis import analysis
from kg.extract.filter import confident, filter_examples, grouped, judge
from kg.extract.names import Named

TEXT = "砺山软件研究院举办会议。要推动高质量发展走深走实，砺山软件研究院作出部署。"
PROPOSED = [
    Named(0, 7, "Organization", 0.9),
    Named(TEXT.index("高质量发展走"), TEXT.index("高质量发展走") + 6, "Programme", 0.3),
    Named(25, 32, "Organization", 0.6),
]


def judged(extractor: Extractor) -> list[Named]:
    assert extractor.keeper is not None
    return judge(analysis(TEXT, extractor.pack), PROPOSED, extractor.keeper, heads=extractor.pack.heads.groups)


def test_all_mentions_of_a_name_have_one_confidence(extractor: Extractor) -> None:
    found = judged(extractor)
    assert {(s.start, s.end, s.type) for s in found} == {(s.start, s.end, s.type) for s in PROPOSED}
    organisations = {s.confidence for s in found if s.type == "Organization"}
    assert len(organisations) == 1


def test_a_name_is_surer_than_rhetoric(extractor: Extractor) -> None:
    found = {s.type: s.confidence for s in judged(extractor)}
    least = extractor.settings.spans
    assert 0 <= found["Programme"] < least["Programme"] <= least["Organization"] < 0.7 < found["Organization"] <= 1


def test_the_order_of_proposals_changes_nothing(extractor: Extractor) -> None:
    assert extractor.keeper is not None
    again = judge(analysis(TEXT, extractor.pack), PROPOSED[::-1], extractor.keeper, heads=extractor.pack.heads.groups)
    assert sorted(again, key=lambda s: s.start) == sorted(judged(extractor), key=lambda s: s.start)


def test_no_proposals_no_names(extractor: Extractor) -> None:
    assert extractor.keeper is not None
    assert judge(analysis("", extractor.pack), [], extractor.keeper, heads=extractor.pack.heads.groups) == []


def test_a_name_at_the_edges_of_its_text_has_features(extractor: Extractor) -> None:
    reading = analysis("研究院", extractor.pack)
    groups = grouped("研究院", [Named(0, 3, "Organization", 0.5)])
    (example,) = filter_examples(reading, groups, extractor.pack.heads.groups)
    assert len(example.features) > 20


def test_a_name_that_the_registry_knows_is_as_sure_as_the_tagger_at_least(extractor: Extractor) -> None:
    text = "推进制造强国建设，推进岭上强国建设。"
    reading = analysis(text, extractor.pack)
    groups = [[Named(2, 8, "Programme", 0.6)], [Named(11, 17, "Programme", 0.6)]]
    assert [span.confidence for span in confident(reading, groups, [0.2, 0.2])] == [0.6, 0.2]
    assert [span.confidence for span in confident(reading, groups, [0.9, 0.9])] == [0.9, 0.9]
