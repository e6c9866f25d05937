"""Kills, full disks, documents that break the extractor: the last good output stays whole, and nothing done is done again."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kg.build import build
from kg.errors import InputError, KgError
from kg.verify import verify

ROOT = Path(__file__).parent.parent
TEXT = "支付公司与软研院结对共建。\n中国联通成立数字化部，市场部推进“数字乡村”行动。\n第{}篇：某大学举办青年论坛。"
ENV = os.environ | {"PYTHONPATH": str(ROOT)}


def digest(folder: Path) -> dict[str, str]:
    """Return hashes by path; of the report, what is in it apart from where the annotations came from."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            if path.name == "report.json":
                report = json.loads(data)
                del report["documents"]["extracted"], report["documents"]["cached"]
                data = json.dumps(report).encode()
            found[path.relative_to(folder).as_posix()] = hashlib.sha256(data).hexdigest()
    return found


def made(out: Path) -> tuple[int, int]:
    documents = json.loads((out / "report.json").read_text(encoding="utf-8"))["documents"]
    return documents["extracted"], documents["cached"]


def corpus(folder: Path, count: int) -> Path:
    folder.mkdir()
    for number in range(count):
        (folder / f"{number:03d}.txt").write_text(TEXT.format(number), encoding="utf-8")
    return folder


def command(source: Path, out: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "kg", "build", str(source), "-o", str(out), "--model", "grammar", *options]


# A process that has loaded everything forks builds and kills them, so that the moments fall on the build, not on Python's start.
KILLER = """
import json, os, random, signal, sys, time
from pathlib import Path
import kg.export, kg.extract, kg.validate, pypinyin, igraph, pyvis.network, rdflib, onnx
from kg.build import build
from tests.test_faults import digest

source, out, kills = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])

def forked():
    pid = os.fork()
    if pid == 0:
        try:
            build([source], out, model="grammar", cache=json.loads(sys.argv[4]))
        finally:
            os._exit(0)
    return pid

start = time.perf_counter()
os.waitpid(forked(), 0)
whole = time.perf_counter() - start
good = digest(out)
moments = random.Random(7)
interrupted = 0
for _ in range(kills):
    (source / "000.txt").write_text(f"支付公司与软研院结对共建。第{moments.random()}次", encoding="utf-8")
    pid = forked()
    time.sleep(moments.uniform(0, 1.1) * whole)
    os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    now = digest(out)
    killed = os.WIFSIGNALED(status)
    interrupted += killed
    if now != good:
        from kg.verify import verify
        assert verify(out) == [], "what is there is whole"
        assert (out / "report.json").exists()
        good = now
print(json.dumps({"interrupted": interrupted}))
"""


@pytest.mark.parametrize("cache", [True, False], ids=["cached", "all anew"])
def test_kills_at_random_moments_leave_the_last_or_the_next_output_whole(tmp_path: Path, cache: bool) -> None:
    source, out = corpus(tmp_path / "corpus", 6), tmp_path / "out"
    arguments = [str(source), str(out), "18", json.dumps(cache)]
    done = subprocess.run([sys.executable, "-c", KILLER, *arguments], cwd=ROOT, env=ENV, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["interrupted"] >= 10
    build([source], out, model="grammar", cache=cache)
    build([source], tmp_path / "new", model="grammar", cache=cache)
    assert digest(out) == digest(tmp_path / "new")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["corpus", "new", "out"], "nothing is left beside the output"


def test_a_killed_build_is_resumed_with_what_it_had_extracted(tmp_path: Path) -> None:
    source, out = corpus(tmp_path / "corpus", 300), tmp_path / "out"
    process = subprocess.Popen(command(source, out), env=ENV, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    journal = tmp_path / ".out.kg" / "annotations.jsonl"
    wait_for(lambda: journal.exists() and journal.read_bytes().count(b"\n") >= 20)
    process.kill()
    process.wait()
    done = journal.read_bytes().count(b"\n")
    build([source], out, model="grammar", formats=("json",))
    extracted, cached = made(out)
    assert (extracted + cached, cached) == (300, done)


def test_worker_processes_end_with_a_killed_build(tmp_path: Path) -> None:
    source, out = corpus(tmp_path / "corpus", 400), tmp_path / "out"
    process = subprocess.Popen(command(source, out, "-j", "2"), env=ENV, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    journal = tmp_path / ".out.kg" / "annotations.jsonl"
    wait_for(journal.exists)
    workers = children(process.pid)
    assert len(workers) >= 2
    process.kill()
    process.wait()
    wait_for(lambda: not any(alive(worker) for worker in workers))


def wait_for(holds: object, *, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not holds():  # type: ignore[operator]
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def children(pid: int) -> list[int]:
    if not Path("/proc/self/task").exists():
        pytest.skip("finding the children of a process needs Linux's /proc")
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]


def alive(pid: int) -> bool:
    try:
        return "(zombie)" not in Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return False


EXTRACTOR = """
import os, sys
from pathlib import Path
import kg.extract

real = kg.extract.annotate

def annotate(document, extractor):
    if "崩溃" in document.text:
        os.kill(os.getpid(), 9)
    if "出错" in document.text:
        raise RecursionError("too deep")
    return real(document, extractor)

kg.extract.annotate = annotate
if __name__ == "__main__":
    import json
    from kg.build import build
    report = build([Path(sys.argv[1])], Path(sys.argv[2]), model="grammar", jobs=2, formats=("json",))
    print(json.dumps([[p.path, p.message] for p in report.problems], ensure_ascii=False))
"""


def test_a_document_that_kills_its_process_or_raises_costs_itself_only(tmp_path: Path) -> None:
    source, out = corpus(tmp_path / "corpus", 60), tmp_path / "out"
    for name, word in (("020", "出错"), ("030", "崩溃"), ("055", "崩溃")):
        (source / f"{name}.txt").write_text(f"{word}。某公司召开大会。", encoding="utf-8")
    # Spawned workers import the main program again, and with it what it does to the extractor.
    (tmp_path / "program.py").write_text(EXTRACTOR, encoding="utf-8")
    arguments = [str(tmp_path / "program.py"), str(source), str(out)]
    done = subprocess.run([sys.executable, *arguments], env=ENV, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    died = "extraction failed: its process was killed (out of memory?)"
    assert sorted(json.loads(done.stdout)) == [
        ["020.txt", "extraction failed: RecursionError: too deep"], ["030.txt", died], ["055.txt", died],
    ]  # fmt: skip
    assert made(out) == (57, 0)
    assert made_again(source, out) == (3, 57)


def made_again(source: Path, out: Path) -> tuple[int, int]:
    build([source], out, model="grammar", formats=("json",))
    return made(out)


@contextlib.contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    if os.geteuid() != 0 or not sys.platform.startswith("linux"):
        reason = "a small disk can be mounted only as root on Linux"
        assert os.environ.get("KG_REQUIRE_ALL") != "1", reason
        pytest.skip(reason)
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], capture_output=True)
    if done.returncode:
        assert os.environ.get("KG_REQUIRE_ALL") != "1", done.stderr
        pytest.skip(f"no small disk can be mounted here: {done.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_stops_the_build_and_leaves_the_last_output(tmp_path: Path) -> None:
    source = corpus(tmp_path / "corpus", 4)
    with small_disk(tmp_path / "disk", "6m") as disk:
        out = disk / "out"
        build([source], out, model="grammar", formats=("json", "turtle"))
        before = digest(out)
        for number in range(4, 40):
            (source / f"{number:03d}.txt").write_text(TEXT.format(number), encoding="utf-8")
        for left in (0, 4096, 20_000, 100_000):  # in the cache, in the annotations, in an export
            space = os.statvfs(disk)
            (disk / "ballast").write_bytes(bytes(max(0, space.f_bavail * space.f_frsize - left)))
            done = subprocess.run(command(source, out), env=ENV, capture_output=True, encoding="utf-8")
            assert (done.returncode, "No space left on device" in done.stderr) == (2, True), done.stderr
            assert "Traceback" not in done.stderr
            assert digest(out) == before
            (disk / "ballast").unlink()
        build([source], out, model="grammar", formats=("json", "turtle"))
        extracted, cached = made(out)
        assert (extracted + cached, cached >= 4) == (40, True)
        build([source], tmp_path / "new", model="grammar", formats=("json", "turtle"))
        assert digest(out) == digest(tmp_path / "new")
        assert sorted(path.name for path in disk.iterdir()) == ["out"]


def test_a_full_disk_under_a_shared_cache_is_named_too(tmp_path: Path) -> None:
    source = corpus(tmp_path / "corpus", 2)
    with small_disk(tmp_path / "disk", "64k") as disk:
        (disk / "ballast").write_bytes(bytes(64 << 10))
        with pytest.raises(KgError, match=r"disk/cache/\w+\.jsonl: No space left on device"):
            build([source], tmp_path / "out", model="grammar", cache=disk / "cache", formats=("json",))
    assert not (tmp_path / "out").exists()


def test_an_unreadable_file_is_listed_and_the_exit_code_says_so(tmp_path: Path) -> None:
    source, out = corpus(tmp_path / "corpus", 3), tmp_path / "out"
    (source / "loop.txt").symlink_to(source / "loop.txt")
    (source / "pipe.md").symlink_to("/proc/self/mem")
    done = subprocess.run(command(source, out), env=ENV, capture_output=True, encoding="utf-8")
    assert done.returncode == 1, done.stderr
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert (report["documents"]["built"], report["documents"]["failed"]) == (3, 2)
    assert [p["path"] for p in report["problems"]] == ["loop.txt", "pipe.md"]
    assert all(p["message"].startswith("cannot be read: ") for p in report["problems"])


def test_a_file_without_permission_is_listed(tmp_path: Path) -> None:
    source = corpus(tmp_path / "corpus", 2)
    (source / "000.txt").chmod(0)
    if os.access(source / "000.txt", os.R_OK):  # root reads everything; another user does not
        nobody = shutil.which("setpriv")
        if nobody is None:
            pytest.skip("root reads every file, and setpriv is not there to be another user")
        code = "import sys; from pathlib import Path; from kg.read import read_corpus; print(read_corpus([Path(sys.argv[1])])[1])"
        for folder in (tmp_path, *tmp_path.parents[:2], source):
            folder.chmod(0o755)
        as_nobody = [nobody, "--reuid=65534", "--clear-groups", sys.executable, "-c", code, str(source)]
        done = subprocess.run(as_nobody, env=ENV, capture_output=True, encoding="utf-8")
        assert "cannot be read: Permission denied" in done.stdout, done.stderr
        return
    report = build([source], tmp_path / "out", model="grammar", formats=("json",))
    assert [p.message for p in report.problems] == ["cannot be read: Permission denied"]


def test_the_second_of_two_builds_into_one_folder_says_so_and_stops(tmp_path: Path) -> None:
    source, out = corpus(tmp_path / "corpus", 300), tmp_path / "out"
    first = subprocess.Popen(command(source, out), env=ENV, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, encoding="utf-8")
    wait_for((tmp_path / ".out.kg" / "annotations.jsonl").exists)
    second = subprocess.run(command(source, out), env=ENV, capture_output=True, encoding="utf-8")
    assert (second.returncode, "another build is writing into this folder" in second.stderr) == (2, True), second.stderr
    _, errors = first.communicate()
    assert first.returncode == 0, errors
    assert made(out) == (300, 0)
    assert verify(out) == []


def test_a_build_stopped_by_a_signal_at_the_keyboard_goes_on_the_next_time(tmp_path: Path) -> None:
    source, out = corpus(tmp_path / "corpus", 300), tmp_path / "out"
    process = subprocess.Popen(command(source, out, "-j", "2"), env=ENV, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    journal = tmp_path / ".out.kg" / "annotations.jsonl"
    wait_for(lambda: journal.exists() and journal.read_bytes().count(b"\n") >= 20)
    process.send_signal(signal.SIGINT)
    process.communicate()
    assert process.returncode not in (0, 1)
    assert made_again(source, out)[1] >= 20


def test_an_output_that_cannot_be_made_is_refused_before_anything_is_extracted(tmp_path: Path) -> None:
    source = corpus(tmp_path / "corpus", 1)
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(InputError, match="cannot be written"):
        build([source], tmp_path / "file" / "out", model="grammar")
