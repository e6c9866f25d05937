"""The errors that this program raises on purpose.

A message says what was wrong, where, and what is allowed; the command line prints it and nothing else.
"""


class KgError(Exception):
    """Base of all errors that a user can do something about."""


class InputError(KgError):
    """A document or folder cannot be read."""


class PackError(KgError):
    """A file of the domain pack (``ontology/``) is wrong; the message names file and line."""


class AnnotationError(KgError):
    """An annotation file does not fit its format or its document."""


class QueryError(KgError):
    """A query cannot be parsed or run."""


class RefusedError(QueryError):
    """A query would change something, or read what is not loaded."""
