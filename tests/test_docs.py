"""The documents are true: transcripts are executed, commands documented, dependencies explained.

After a change of output: ``make docs``, which runs this file with ``KG_UPDATE_DOCS=1`` and writes what the commands print now.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from typer.main import get_command

from kg.cli import app

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
_BLOCK = re.compile(r"(?<=^```console\n).*?(?=^```$)", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that looks like a checkout to a reader of the README, with ``kg`` on the path."""
    folder = tmp_path_factory.mktemp("readme")
    shutil.copytree(ROOT / "seeds", folder / "seeds")
    shutil.copytree(ROOT / "tests" / "gold", folder / "tests" / "gold")
    (folder / "bin").mkdir()
    script = folder / "bin" / "kg"
    script.write_text(f'#!/bin/sh\nexec {sys.executable} -m kg "$@"\n', encoding="utf-8")
    script.chmod(0o755)
    return folder


def execute(block: str, folder: Path) -> str:
    """Run the commands of a transcript and return it with what they print on standard output."""
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    env = os.environ | {"PYTHONPATH": str(ROOT), "PATH": path, "COLUMNS": "110", "LC_ALL": "C.UTF-8"}
    lines = []
    for line in block.splitlines():
        if line.startswith("$ "):
            command = ["bash", "-c", line[2:]]
            done = subprocess.run(command, cwd=folder, env=env, capture_output=True, encoding="utf-8", check=False)
            assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
            lines += [line, *(printed.rstrip() for printed in done.stdout.rstrip().splitlines())]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("name", "least"), [("README", 6), ("docs/provenance", 5), ("docs/queries", 2), ("docs/increments", 2)]
)
def test_the_transcripts_are_what_the_commands_print(workshop: Path, name: str, least: int) -> None:
    page = ROOT / f"{name}.md"
    text = page.read_text(encoding="utf-8")
    blocks = _BLOCK.findall(text)
    assert len(blocks) >= least
    printed = [execute(block, workshop) for block in blocks]
    if os.environ.get("KG_UPDATE_DOCS") == "1":
        answers = iter(printed)
        page.write_text(_BLOCK.sub(lambda _: next(answers), text), encoding="utf-8", newline="\n")
        return
    assert printed == blocks, "run: make docs"


def test_every_command_is_in_the_readme_and_the_reference() -> None:
    readme = README.read_text(encoding="utf-8")
    reference = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    commands = get_command(app).commands  # type: ignore[attr-defined]
    assert {"build", "extract", "evaluate", "query", "validate", "verify", "explain", "export", "stats"} <= set(commands)
    for name, command in commands.items():
        assert f"kg {name}" in readme, f"the README does not mention kg {name}"
        assert f"## kg {name}\n" in reference
        assert command.help
        for parameter in command.params:
            assert parameter.name in ("help",) or parameter.help, f"kg {name}: {parameter.name} has no help"


def test_every_link_of_the_documents_leads_somewhere() -> None:
    for page in (README, *sorted((ROOT / "docs").glob("*.md")), ROOT / "CHANGELOG.md"):
        for target in re.findall(r"\]\((?!https?://)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_dependency_is_explained_and_nothing_else() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *(d for extra in project["optional-dependencies"].values() for d in extra)]
    names = {re.match(r"[\w-]+", d).group() for d in wanted} - {project["name"]}  # type: ignore[union-attr]
    page = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `([\w-]+)` \|", page, re.MULTILINE)) == names


def test_the_readme_begins_as_a_reader_needs_it() -> None:
    text = README.read_text(encoding="utf-8")
    marks = ("```console", "make graph", "make test", "kg explain output", "neo4j-admin", "做得不好")
    places = [text.index(mark) for mark in marks]
    assert places == sorted(places)
    assert places[0] < 600, "text in, Turtle out stands at the top"


def test_the_changelog_has_an_entry_for_what_is_not_released() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(r"^## \[Unreleased\]\n\n### (Added|Changed|Fixed)\n\n- ", text, re.MULTILINE)
