"""The offers of the shell as prompt_toolkit wants them."""

from __future__ import annotations

from collections.abc import Iterable

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from kg.shell.completion import Words, offers
from kg.terminal import plain


class WordCompleter(Completer):
    """Offers what ``kg.shell.completion.offers`` finds."""

    def __init__(self, words: Words) -> None:
        """Take all that can be offered."""
        self._words = words

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        """Yield the offers for the text left of the cursor."""
        for offer in offers(document.text_before_cursor, self._words):
            # A name comes from a document: what is shown of it must not paint the terminal.
            shown, meaning = plain(offer.text).plain, plain(offer.meaning).plain
            yield Completion(offer.text, start_position=-offer.length, display=shown, display_meta=meaning)
