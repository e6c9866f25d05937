from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kg.errors import InputError, KgError
from kg.swap import replaced

# A process that replaces a folder and is killed at its n-th change of the disk: each of them is a moment that differs.
KILLED = """
import os, signal, sys
from pathlib import Path
import kg.swap
moment, target, at_once = int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3] == "exchange"
if not at_once:
    kg.swap._exchange_at_once = lambda new, target: False
left = moment
def audit(event, args):
    global left
    writes = event == "open" and args[1] not in (None, "r", "rb") or event in ("os.rename", "os.mkdir", "os.remove", "os.rmdir")
    if writes or event in ("shutil.rmtree", "ctypes.dlsym"):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(audit)
with kg.swap.replaced(target, ours=("report.json", "a", "sub")) as folder:
    (folder / "sub").mkdir()
    for name in ("report.json", "a", "sub/b"):
        (folder / name).write_text("new")
"""


def content(folder: Path) -> dict[str, str]:
    return {p.relative_to(folder).as_posix(): p.read_text() for p in folder.rglob("*") if p.is_file()}


def made(folder: Path) -> Path:
    (folder / "sub").mkdir(parents=True)
    for name in ("report.json", "a", "sub/b", "notes"):
        (folder / name).write_text("old")
    return folder


@pytest.mark.parametrize("way", ["exchange", "two renames"])
def test_a_kill_at_any_moment_leaves_the_old_folder_or_the_new(tmp_path: Path, way: str) -> None:
    target = made(tmp_path / "out")
    old = content(target)
    new = old | dict.fromkeys(("report.json", "a", "sub/b"), "new")
    kills = 0
    while True:
        run = subprocess.run([sys.executable, "-c", KILLED, str(kills + 1), str(target), way], capture_output=True, check=False)
        if run.returncode == 0:
            break
        assert run.returncode == -signal.SIGKILL, run.stderr.decode()
        kills += 1
        # With two renames the old folder may stand aside for a moment; the next run puts it back.
        assert content(target if target.exists() else tmp_path / ".out.kg" / "last") in (old, new)
        assert target.exists() or way == "two renames"
        with replaced(tmp_path / "out", ours=()) as folder:  # the next run, which fails to change anything
            for name, text in content(target).items():
                (folder / name).parent.mkdir(exist_ok=True)
                (folder / name).write_text(text)
        assert content(target) in (old, new)
    assert kills >= 12
    assert content(target) == new
    assert [path.name for path in tmp_path.iterdir()] == ["out"], "nothing is left beside it"


def test_an_error_inside_leaves_the_old_folder(tmp_path: Path) -> None:
    target = made(tmp_path / "out")
    old = content(target)
    with pytest.raises(ZeroDivisionError), replaced(target, ours=()) as folder:
        (folder / "a").write_text("new")
        raise ZeroDivisionError
    assert content(target) == old
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_two_at_once_are_refused(tmp_path: Path) -> None:
    with replaced(tmp_path / "out", ours=()), pytest.raises(KgError, match="another build is writing"):
        with replaced(tmp_path / "out", ours=()):
            pass
    with replaced(tmp_path / "out", ours=()) as folder:
        (folder / "a").write_text("after")
    assert content(tmp_path / "out") == {"a": "after"}


def test_a_link_to_a_folder_stays_a_link(tmp_path: Path) -> None:
    made(tmp_path / "real")
    (tmp_path / "link").symlink_to("real")
    with replaced(tmp_path / "link", ours=("a",)) as folder:
        (folder / "a").write_text("new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real" / "a").read_text() == "new"


def test_a_full_disk_is_named_and_other_write_errors_too(tmp_path: Path) -> None:
    with pytest.raises(KgError, match="No space left; what was there before"), replaced(tmp_path / "out", ours=()):
        raise OSError(28, "No space left")
    with pytest.raises(InputError, match=r"out: cannot be written: x: Permission denied"), replaced(tmp_path / "out", ours=()):
        raise OSError(13, "Permission denied", "x")
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"), replaced(tmp_path / "file" / "out", ours=()):
        pass


def test_what_a_build_did_not_make_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letters").write_text("dear")
    with pytest.raises(InputError, match=r"holds letters but no report\.json"), replaced(tmp_path / "home", ours=()):
        pass
    assert content(tmp_path / "home") == {"letters": "dear"}
