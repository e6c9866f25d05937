"""What is installed works: the wheel alone, in an empty folder, gives a working ``kg``."""

from __future__ import annotations

import os
import re
import shutil
import site
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SEED = ROOT / "seeds" / "000_7056b8479da2a9af.txt"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, built without a network."""
    source = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for name in ("kg", "ontology"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    out = tmp_path_factory.mktemp("wheel")
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(out)]
    subprocess.run([sys.executable, "-m", "pip", "wheel", *options, str(source)], check=True)
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def kg(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``kg`` of a fresh virtual environment that holds the wheel; the libraries it needs are those of this one."""
    home = tmp_path_factory.mktemp("venv")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(home)], check=True)
    python = home / "bin" / "python"
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(install, check=True)
    packages = next((home / "lib").glob("python*")) / "site-packages"
    # A .pth line is appended to the path without reading the .pth files there: an editable kg stays out of sight.
    (packages / "libraries.pth").write_text("\n".join(site.getsitepackages()) + "\n", encoding="utf-8")
    return home / "bin" / "kg"


def run(program: Path, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    env = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    return subprocess.run([str(program), *arguments], cwd=cwd, env=env, capture_output=True, encoding="utf-8", check=False)


def test_the_wheel_holds_program_pack_and_page_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"kg"}
    tracked = {p.relative_to(ROOT / "ontology").as_posix() for p in (ROOT / "ontology").rglob("*") if p.is_file()}
    assert {name.removeprefix("kg/_pack/") for name in names if name.startswith("kg/_pack/")} == tracked
    assert "kg/py.typed" in names
    assert any(re.fullmatch(r"kg/export/html/assets/vendor/vis-network.*\.js", name) for name in names)


def test_the_installed_command_builds_queries_and_verifies_in_an_empty_folder(kg: Path, tmp_path: Path) -> None:
    shutil.copy(SEED, tmp_path)
    built = run(kg, "build", SEED.name, "-o", "out", cwd=tmp_path)
    assert built.returncode == 0, built.stderr
    assert (tmp_path / "out" / "graph.html").stat().st_size > 100_000
    for command in (("verify", "out"), ("validate", "out"), ("query", "out", "units"), ("explain", "out", "中国联通")):
        done = run(kg, *command, cwd=tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
    assert "中国联通" in run(kg, "query", "out", "units", cwd=tmp_path).stdout


def test_it_is_the_installed_program_that_ran(kg: Path, tmp_path: Path) -> None:
    code = "import kg, kg.ontology; print(kg.__file__); print(kg.ontology.default_pack())"
    program, pack = run(kg.parent / "python", "-c", code, cwd=tmp_path).stdout.split()
    assert program.startswith(str(kg.parent.parent))
    assert pack == str(Path(program).parent / "_pack")
