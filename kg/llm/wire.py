"""Asking a server that speaks the chat protocol of OpenAI, by the official client, which also retries and waits.

https://platform.openai.com/docs/api-reference/chat/create
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from kg.errors import InputError, KgError
from kg.llm.answer import shown

if TYPE_CHECKING:
    from openai import OpenAI

KEY = "KG_LLM_API_KEY"
RETRIES = 6
"""How often at most a call is made again after 429, 5xx, a time-out or a broken line: after half a second, then twice as long, up
to eight seconds; or after as long as the server says in ``Retry-After``."""

# A server that does not know one form of an answer says so with one of these; then the next, more modest one is tried.
_NOT_THIS_FORM = (400, 415, 422, 501)
_HOPELESS = (401, 402, 403, 404)


class AskError(KgError):
    """A server gave no answer; ``hopeless`` if it will give none to any question."""

    def __init__(self, message: str, *, hopeless: bool = False) -> None:
        """Take the message."""
        super().__init__(message)
        self.hopeless = hopeless


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model wrote, the tokens it read and wrote (-1 where the server does not say), and whether it was cut short."""

    content: str
    read: int = -1
    written: int = -1
    cut: bool = False


class Wire:
    """A line to one model on one server, for any number of threads.

    The first question finds out which form of structured output the server knows: a JSON schema, a JSON object, or none.
    """

    def __init__(self, url: str, model: str, *, seconds: float, most: int, retries: int = RETRIES) -> None:
        """Open the line.

        Args:
            url: of the server, up to and with ``/v1``.
            model: its name there.
            seconds: after which a call counts as timed out.
            most: tokens that an answer may have.
            retries: how often a call is made again.

        Raises:
            InputError: The address is none, no model is named, or the client is not installed.
        """
        self.model, self._most = check_model(url, model), most
        self._key = os.environ.get(KEY, "").strip()
        self._retries = retries
        self._client, self._once_only = (_client(url, self._key, seconds, n) for n in (retries, 0))
        self._form, self._proven = 0, False
        self._lock = threading.Lock()

    def ask(self, messages: Sequence[Mapping[str, str]], schema: Mapping[str, Any]) -> Reply:
        """Return the model's answer.

        Raises:
            AskError: There was none, after all retries.
        """
        import openai

        forms = _forms(schema, self._most)
        first: AskError | None = None
        for number in range(self._form, len(forms)):
            try:
                reply = self._patiently(messages, forms[number])
            except openai.APIStatusError as error:
                wrong = AskError(self._plain(_status(error)), hopeless=error.status_code in _HOPELESS)
                first = first or wrong
                if not _is_about_form(error):
                    raise wrong from None
                continue
            except openai.APITimeoutError:
                raise AskError("no answer in time") from None
            except openai.APIConnectionError as error:
                raise AskError(self._plain(f"the line broke: {error.__cause__ or error}")) from None
            except (openai.OpenAIError, ValueError) as error:  # the client lets errors of JSON through as they are
                raise AskError(self._plain(f"the answer is none of this protocol: {error}")) from None
            with self._lock:
                if not self._proven:  # later on, one window that does not fit says nothing about the others
                    self._form, self._proven = number, True
            return reply
        raise first or AskError("no answer")

    def _patiently(self, messages: Sequence[Mapping[str, str]], form: Mapping[str, Any]) -> Reply:
        """Ask with all retries; but a form that may be unknown to the server first without: some call that an error of theirs."""
        import openai

        if not self._proven:
            try:
                return self._once(messages, form, retries=0)
            except openai.APIStatusError as error:
                if _is_about_form(error) or error.status_code in _HOPELESS:
                    raise
            except openai.APIConnectionError:
                pass
        return self._once(messages, form, retries=self._retries)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
        self._once_only.close()

    def _once(self, messages: Sequence[Mapping[str, str]], form: Mapping[str, Any], *, retries: int) -> Reply:
        create: Any = (self._client if retries else self._once_only).chat.completions.create
        done = create(model=self.model, messages=list(messages), **form)
        choices = getattr(done, "choices", None)
        if not isinstance(choices, list) or not choices or getattr(choices[0], "message", None) is None:
            raise AskError(self._plain(f"the answer is none of this protocol: {shown(str(done))}"))
        content, why = choices[0].message.content, choices[0].finish_reason
        if not isinstance(content, str) or not content.strip():
            raise AskError(f"the answer is empty ({shown(str(why))})")
        usage = getattr(done, "usage", None)
        counts = (getattr(usage, name, None) for name in ("prompt_tokens", "completion_tokens"))
        read, written = (n if isinstance(n, int) and n >= 0 else -1 for n in counts)
        return Reply(content, read, written, cut=why == "length")

    def _plain(self, message: str) -> str:
        """Return ``message`` as a line without the key, which a server may have sent back."""
        return shown(message.replace(self._key, "***") if self._key else message)


def check_model(url: str, model: str) -> str:
    """Return ``model`` if both can be used.

    Raises:
        InputError: The address is none of a server, or no model is named.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InputError(f"--llm-url {url!r}: must be the address of a server, such as http://localhost:11434/v1")
    if parts.username or parts.password:
        raise InputError(f"--llm-url: must hold no password; the key is read from {KEY}")
    if not model.strip():
        raise InputError("--llm-model is missing: the name of the model on the server, such as qwen2.5:7b or deepseek-chat")
    return model


def _client(url: str, key: str, seconds: float, retries: int) -> OpenAI:
    try:
        from openai import OpenAI
    except ImportError:
        raise InputError("language models need the client: pip install 'kg-builder[llm]'") from None
    # A server without keys wants a header nevertheless.
    client = OpenAI(base_url=url, api_key=key or "none", timeout=seconds, max_retries=retries)
    # The client reads these from the environment; they are the user's own with OpenAI and nobody else's business.
    client.organization = client.project = None
    return client


def _forms(schema: Mapping[str, Any], most: int) -> list[dict[str, Any]]:
    """Return the forms of a request, the strictest first; ``schema`` beside json_object is what llama.cpp knows."""
    plain: dict[str, Any] = {"temperature": 0, "max_tokens": most}
    strict = {"type": "json_schema", "json_schema": {"name": "annotation", "strict": True, "schema": schema}}
    objects = ({"type": "json_object", "schema": schema}, {"type": "json_object"})
    return [*({**plain, "response_format": form} for form in (strict, *objects)), plain, {}]


def _is_about_form(error: Any) -> bool:
    """Return whether a server does not know the form of answer that it was asked for; llama-cpp-python says so with 500."""
    return error.status_code in _NOT_THIS_FORM or (
        error.status_code >= 500 and any(word in _status(error) for word in ("response_format", "json_schema", "grammar"))
    )


def _status(error: Any) -> str:
    body = error.body if isinstance(error.body, dict) else {}
    message = body.get("message") or error.message
    return f"HTTP {error.status_code}: {message}"
