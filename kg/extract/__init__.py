"""From a document to its annotation: lexical analysis, mentions, names, relations."""

from kg.extract.extractor import Extractor, annotate, load_extractor

__all__ = ["Extractor", "annotate", "load_extractor"]
