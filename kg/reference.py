"""The command reference, made from the commands themselves: ``python -m kg.reference > docs/commands.md``."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from typing import Any

from typer.main import get_command

from kg.cli import app


def render_reference() -> str:
    """Return ``docs/commands.md``: every command with its help, arguments and options."""
    group: Any = get_command(app)
    parts = ["# 命令 Commands", "", "本页由 `python -m kg.reference` 生成。 Generated; do not edit.", "", _dedent(group.help), ""]
    for name, command in sorted(group.commands.items()):
        parts += _section(f"kg {name}", command)
        for within, deeper in sorted(getattr(command, "commands", {}).items()):
            parts += _section(f"kg {name} {within}", deeper, level=3)
    return "\n".join(parts).rstrip() + "\n"


def _section(name: str, command: Any, *, level: int = 2) -> list[str]:
    table = [] if hasattr(command, "commands") else [*_table(command), ""]
    return [f"{'#' * level} {name}", "", _dedent(command.help), "", *table]


def _dedent(text: str | None) -> str:
    return inspect.cleandoc(text or "").replace("\n    ", "\n")


def _table(command: Any) -> Iterator[str]:
    yield "| | 默认 default | |"
    yield "|---|---|---|"
    for parameter in command.params:
        if parameter.param_type_name == "argument":
            name = f"`{parameter.metavar or parameter.name.upper()}`" + ("" if parameter.required else " (可省 optional)")
        else:
            flags = ", ".join(f"`{flag}`" for flag in parameter.opts)
            name = flags if parameter.is_flag else f"{flags} `{parameter.metavar}`"
        default = parameter.default
        shown = "" if default is None or default is False or callable(default) or parameter.required else f"`{_plain(default)}`"
        yield f"| {name} | {shown} | {parameter.help or ''} |"


def _plain(default: object) -> str:
    return str(getattr(default, "value", default))


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    sys.stdout.write(render_reference())
