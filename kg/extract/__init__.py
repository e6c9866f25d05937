"""From a document to its annotation: lexical analysis, mentions, names, relations."""
