"""Servers that refuse, stall, break off and lie: a clear report, a whole graph, and nothing that was answered is lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from kg.errors import InputError
from kg.llm.budget import Budget
from kg.llm.calls import CLOSED, SILENT, SPENT
from kg.llm.wire import AskError, Wire
from tests.llm.conftest import FIRST, Run, good, relation
from tests.llm.server import Raw, Request, chat, serving

UNSURE = "各有关方面要深入开展多层次合作。\n"
AT_ONCE = {"retry-after-ms": "1"}
COMMAND = [sys.executable, "-m", "kg"]


def right(request: Request) -> dict[str, Any]:
    return good(request.words)


def test_a_storm_of_429_and_503_is_waited_out(run: Run) -> None:
    def behave(request: Request) -> Any:
        if request.number < 6:
            return Raw('{"error": {"message": "slow down"}}', status=429 if request.number % 2 else 503, headers=AT_ONCE)
        return right(request)

    found = run(behave, retries=6)
    assert found.done.problems == ()
    assert found.coverage["refused"] == 0
    assert len(found.facts) == 4
    assert len(found.server.requests) == 8


def test_a_call_that_times_out_is_made_again(run: Run) -> None:
    found = run(lambda request: Raw(chat("{}"), wait=1.5) if request.number == 0 else right(request), seconds=0.5, retries=1)
    assert len(found.facts) == 4
    assert len(found.server.requests) == 3


def test_a_server_that_never_answers_in_time_leaves_the_embedded_opinion(run: Run, corpus: Path) -> None:
    (corpus / "b.txt").write_text(FIRST + UNSURE, encoding="utf-8")
    found = run(lambda request: Raw(chat("{}"), wait=1), seconds=0.2, retries=0, hybrid=True)
    assert found.done.problems == ()
    assert found.done.report["documents"]["built"] == 2
    assert found.facts, "what the embedded extractor found stays"
    assert found.asker.unanswered == len(found.coverage["refused_answers"]) > 0
    assert found.reasons <= {SILENT, CLOSED}
    assert {item["answer"] for item in found.coverage["refused_answers"]} == {"no answer in time"}


@pytest.mark.parametrize("answered", [0, 40])
def test_a_stream_that_breaks_off_is_asked_for_again(run: Run, answered: int) -> None:
    def behave(request: Request) -> Any:
        whole = chat(json.dumps(right(request), ensure_ascii=False))
        return Raw(whole[:answered], promised=len(whole.encode())) if request.number < 2 else right(request)

    found = run(behave, retries=2)
    assert found.done.problems == ()
    assert len(found.facts) == 4


@pytest.mark.parametrize(
    "raw",
    [
        Raw("<html>gateway</html>", kind="text/html"),
        Raw("{}"),
        Raw('{"choices": []}'),
        Raw('{"choices": null}'),
        Raw('{"choices": [{"message": null}]}'),
        Raw('{"choices": [{"index": 0, "finish_reason": "content_filter", "message": {"role": "assistant", "content": null}}]}'),
        Raw('{"choices": [{"index": 0, "mess'),
        Raw("[1, 2]"),
        Raw(""),
    ],
)
def test_what_is_no_answer_of_the_protocol_is_said_and_does_not_crash(raw: Raw) -> None:
    with serving(lambda request: raw) as server:
        wire = Wire(server.url, "m", seconds=5, most=10, retries=0)
        with pytest.raises(AskError):
            wire.ask([{"role": "user", "content": "?"}], {})
        wire.close()


def test_a_document_without_an_answer_is_listed_and_the_others_are_built(run: Run) -> None:
    page = Raw("<html>gateway</html>", kind="text/html")
    found = run(lambda request: right(request) if "华曜" in request.words else page, retries=0)
    assert [p.path for p in found.done.problems] == ["a.txt"]
    assert found.done.problems[0].message.startswith(SILENT)
    assert found.facts == {("华曜能源集团有限公司", "establishes", "反诈专班")}


def test_an_answer_cut_short_is_asked_for_in_halves(run: Run, corpus: Path) -> None:
    sentences = "".join(f"第{i}研究院成立第{i}实验室。\n" for i in range(10, 40))
    (corpus / "a.txt").write_text(sentences, encoding="utf-8")

    def behave(request: Request) -> Any:
        numbers = [line[1:3] for line in request.words.splitlines() if line.startswith("第")]
        entities = [{"name": f"第{n}{what}", "type": "Organization"} for n in numbers for what in ("研究院", "实验室")]
        said = [relation(f"第{n}研究院", "establishes", f"第{n}实验室", f"第{n}研究院成立第{n}实验室。") for n in numbers]
        whole = json.dumps({"entities": entities, "relations": said}, ensure_ascii=False)
        return whole if len(numbers) <= 20 else Raw(chat(whole[: len(whole) // 2], finish="length"))

    found = run(lambda request: behave(request) if "研究院" in request.words else right(request))
    assert {s for s, p, _ in found.facts if p == "establishes"} >= {f"第{i}研究院" for i in range(10, 40)}
    assert found.coverage["refused"] == 0
    assert [len(r.words.splitlines()) for r in found.server.requests if "研究院" in r.words] == [30, 15, 15]


def test_what_an_answer_that_always_breaks_off_does_say_is_kept(run: Run) -> None:
    def behave(request: Request) -> Any:
        whole = json.dumps(right(request), ensure_ascii=False)
        return Raw(chat(whole[:-40], finish="length"))

    found = run(behave)
    assert ("支付公司", "pairsWith", "软研院") in found.facts or ("软研院", "pairsWith", "支付公司") in found.facts
    assert found.coverage["refused"] > 0


@pytest.mark.parametrize("status", [400, 422, 500])
def test_a_server_without_json_schema_is_asked_more_modestly_and_only_once_in_vain(run: Run, status: int) -> None:
    def behave(request: Request) -> Any:
        form = request.body.get("response_format", {})
        if form.get("type") == "json_schema" or "schema" in form:
            return Raw('{"error": {"message": "response_format is not supported"}}', status=status)
        return right(request)

    found = run(behave, concurrency=1)
    assert len(found.facts) == 4
    forms = [r.body.get("response_format", {}) for r in found.server.requests]
    assert [sorted(form) for form in forms] == [["json_schema", "type"], ["schema", "type"], ["type"], ["type"]]


def test_a_server_that_knows_nothing_but_messages_is_asked_for_words(run: Run) -> None:
    def behave(request: Request) -> Any:
        return right(request) if set(request.body) == {"model", "messages"} else Raw("{}", status=422)

    assert len(run(behave).facts) == 4


def test_the_schema_that_is_sent_is_the_ontology_and_allows_nothing_else(run: Run) -> None:
    found = run(right)
    sent = found.server.requests[0].body["response_format"]["json_schema"]
    assert sent["strict"] is True
    relation = sent["schema"]["properties"]["relations"]["items"]
    assert "pairsWith" in relation["properties"]["predicate"]["enum"]
    assert relation["additionalProperties"] is False
    assert not {"start", "end", "offset"} & set(relation["properties"])


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_server_that_will_never_answer_is_not_asked_again(run: Run, corpus: Path, status: int) -> None:
    for i in range(20):
        (corpus / f"c{i}.txt").write_text(FIRST + UNSURE, encoding="utf-8")

    def behave(request: Request) -> Any:
        return right(request) if "华曜" in request.words else Raw('{"error": {"message": "no"}}', status=status)

    found = run(behave, concurrency=1, hybrid=True)
    assert len([r for r in found.server.requests if "华曜" not in r.words]) == 1
    assert CLOSED in found.reasons
    assert found.done.report["documents"]["built"] == 22


def test_without_any_answer_there_is_nothing_to_build_and_the_last_build_stays(run: Run, tmp_path: Path) -> None:
    run(right)
    before = (tmp_path / "out" / "graph.ttl").read_bytes()
    with pytest.raises(InputError, match="no document is left to build") as error:
        run(lambda request: Raw('{"error": {"message": "no such model"}}', status=404))
    assert "HTTP 404: no such model" in str(error.value)
    assert (tmp_path / "out" / "graph.ttl").read_bytes() == before


def test_the_key_goes_to_the_server_and_nowhere_else(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    key = "sk-verysecret-12345"
    monkeypatch.setenv("KG_LLM_API_KEY", key)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-another")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-another")

    def behave(request: Request) -> Any:
        if "华曜" in request.words:
            return right(request)
        return Raw(json.dumps({"error": {"message": f"bad key {request.headers['authorization']}"}}), status=400)

    found = run(behave, concurrency=1)
    sent = found.server.requests[0].headers
    assert sent["authorization"] == f"Bearer {key}"
    assert "openai-organization" not in sent
    assert not any(key in str(r.body) for r in found.server.requests)
    assert [p.message for p in found.done.problems if "bad key" in p.message] == [f"{SILENT}: HTTP 400: bad key Bearer ***"]
    assert key not in found.everything()


def test_a_budget_in_calls_stops_and_the_next_run_goes_on_to_the_same_bytes(run: Run, corpus: Path, tmp_path: Path) -> None:
    for i in range(6):
        (corpus / f"c{i}.txt").write_text(FIRST.replace("支付", f"第{i}支付"), encoding="utf-8")
    whole = run(right)
    expected = {p.name: p.read_bytes() for p in sorted(whole.out.glob("*.ttl"))}
    cache = tmp_path / "answers"
    first = run(right, cache=cache, budget=Budget(calls=3), concurrency=1)
    assert len(first.server.requests) == 3
    assert first.done.report["documents"]["built"] == 3
    assert {p.message for p in first.done.problems} == {SPENT}
    second = run(right, cache=cache)
    assert len(second.server.requests) == len(whole.server.requests) - 3
    assert {p.name: p.read_bytes() for p in sorted(second.out.glob("*.ttl"))} == expected
    third = run(right, cache=cache)
    assert third.server.requests == []
    assert {p.name: p.read_bytes() for p in sorted(third.out.glob("*.ttl"))} == expected


@pytest.mark.parametrize("budget", [Budget(tokens=6_000), Budget(money=0.0)])
def test_a_budget_in_tokens_or_money_holds_before_it_is_passed(run: Run, budget: Budget, corpus: Path) -> None:
    found = run(right, budget=budget, concurrency=1, hybrid=True)
    spent = sum(1100 for _ in found.server.requests)
    assert spent <= (budget.tokens or 10_000)
    assert found.done.report["documents"]["built"] == 2


def test_the_number_of_calls_at_a_time_is_limited_and_changes_nothing(run: Run, corpus: Path) -> None:
    for i in range(8):
        (corpus / f"c{i}.txt").write_text(FIRST.replace("支付", f"第{i}支付"), encoding="utf-8")

    def slowly(request: Request) -> Any:
        time.sleep(0.05 * (request.number % 3))
        return right(request)

    one = run(slowly, concurrency=1)
    files = {p.name: p.read_bytes() for p in one.out.glob("*.ttl")} | {"r": (one.out / "report.json").read_bytes()}
    three = run(slowly, concurrency=3)
    assert one.server.busiest == 1
    assert 1 < three.server.busiest <= 3
    assert files == {p.name: p.read_bytes() for p in three.out.glob("*.ttl")} | {"r": (three.out / "report.json").read_bytes()}


def test_a_cache_that_was_garbled_is_no_more_than_a_miss(run: Run, tmp_path: Path) -> None:
    cache = tmp_path / "answers"
    first = run(right, cache=cache)
    for i, path in enumerate(sorted(cache.rglob("*.json"))):
        path.write_text(["{", '{"content": 3}', "null"][i % 3], encoding="utf-8")
    second = run(right, cache=cache)
    assert len(second.server.requests) == len(first.server.requests)
    assert second.facts == first.facts


def test_answers_are_kept_by_document_prompt_and_model(run: Run, corpus: Path, tmp_path: Path) -> None:
    cache = tmp_path / "answers"
    run(right, cache=cache)
    (corpus / "b.txt").write_text("华曜能源集团有限公司成立反诈专班。此外无事。\n", encoding="utf-8")
    found = run(right, cache=cache)
    assert [r.words for r in found.server.requests] == ["华曜能源集团有限公司成立反诈专班。此外无事。"]


def test_a_kill_loses_no_answer(corpus: Path, tmp_path: Path) -> None:
    for i in range(10):
        (corpus / f"c{i}.txt").write_text(FIRST.replace("支付", f"第{i}支付"), encoding="utf-8")

    def slowly(request: Request) -> Any:
        time.sleep(0.1)
        return right(request)

    with serving(slowly) as server:
        options = ["--extractor", "llm", "--llm-url", server.url, "--llm-model", "m", "--llm-concurrency", "1"]
        options += ["--llm-cache", str(tmp_path / "answers")]
        command = [*COMMAND, "build", str(corpus), "-o", str(tmp_path / "out"), *options]
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        while len(server.requests) < 4 and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert 4 <= len(server.requests) < 12
        kept = len(list((tmp_path / "answers").rglob("*.json")))
        assert kept >= 3
        before = len(server.requests)
        done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
        assert done.returncode == 0, done.stderr
        assert len(server.requests) - before == 12 - kept


def test_the_command_says_what_it_will_cost_and_what_it_did(corpus: Path, tmp_path: Path) -> None:
    with serving(right) as server:
        options = ["--extractor", "llm", "--llm-model", "m", "--llm-price", "2,8", "--llm-cache", str(tmp_path / "answers")]
        env = os.environ | {"KG_LLM_URL": server.url}
        command = [*COMMAND, "extract", str(corpus), "-o", str(tmp_path / "out"), *options]
        done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False, env=env)
        assert done.returncode == 0, done.stderr
        assert "estimate: 2 calls" in done.stderr
        assert "spent: 2 calls, 2,000 + 200 tokens, money 0.0056" in done.stderr
        assert "实体 entities 5, 关系 relations 3" in done.stdout
        command += ["--llm-budget", "calls=0", "--llm-cache", str(tmp_path / "none")]
        stopped = subprocess.run(command, capture_output=True, encoding="utf-8", check=False, env=env)
        assert stopped.returncode == 1
        assert SPENT in stopped.stderr
        assert len(server.requests) == 2


def test_a_dry_run_prints_prompt_and_estimate_and_neither_asks_nor_writes(corpus: Path, tmp_path: Path) -> None:
    with serving(right) as server:
        options = ["--extractor", "llm", "--llm-url", server.url, "--llm-model", "m", "--llm-dry-run"]
        command = [*COMMAND, "build", str(corpus), "-o", str(tmp_path / "out"), *options, "--llm-cache", str(tmp_path / "c")]
        done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    for words in ("[system]", "pairsWith", "Organization ↔ Organization", "[user]", "支付公司与海南联通", "estimate: 2 calls"):
        assert words in done.stdout
    assert server.requests == []
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "c").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--extractor", "llm"], "--llm-url '': must be the address of a server"),
        (["--extractor", "llm", "--llm-url", "http://u:p@localhost/v1", "--llm-model", "m"], "must hold no password"),
        (["--extractor", "llm", "--llm-url", "http://localhost/v1"], "--llm-model is missing"),
        (["--extractor", "llm", "--llm-budget", "pages=3"], "must be calls=N, tokens=N or money=N"),
        (["--extractor", "llm", "--llm-budget", "calls=many"], "'many' is no number"),
        (["--extractor", "llm", "--llm-budget", "money=3"], "needs --llm-price"),
        (["--extractor", "llm", "--llm-price", "3"], "must be two numbers"),
        (["--llm-dry-run"], "needs --extractor llm or --extractor hybrid"),
    ],
)
def test_an_option_that_makes_no_sense_is_said(corpus: Path, tmp_path: Path, options: list[str], message: str) -> None:
    from typer.testing import CliRunner

    from kg.cli import app

    done = CliRunner().invoke(app, ["build", str(corpus), "-o", str(tmp_path / "out"), *options])
    assert isinstance(done.exception, InputError)
    assert message in str(done.exception)


def test_an_interrupt_ends_the_run_and_loses_no_answer(corpus: Path, tmp_path: Path) -> None:
    for i in range(10):
        (corpus / f"c{i}.txt").write_text(FIRST.replace("支付", f"第{i}支付"), encoding="utf-8")

    def behave(request: Request) -> Any:
        return right(request) if request.number < 3 else Raw(chat("{}"), wait=1.5)

    with serving(behave) as server:
        options = ["--extractor", "llm", "--llm-url", server.url, "--llm-model", "m", "--llm-concurrency", "1"]
        options += ["--llm-cache", str(tmp_path / "answers")]
        process = subprocess.Popen([*COMMAND, "build", str(corpus), "-o", str(tmp_path / "out"), *options])
        while len(server.requests) < 4 and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) not in (0, None)
        assert len(server.requests) <= 5
    assert len(list((tmp_path / "answers").rglob("*.json"))) == 3
    assert not (tmp_path / "out").exists()
