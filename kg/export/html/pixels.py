"""A figure as PNG, for what takes no SVG; drawn by resvg with the fonts of the machine."""

from __future__ import annotations

import functools

from kg.errors import InputError

_SAMPLE = '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20"><text y="16" font-size="16">{}</text></svg>'


def to_png(svg: str, *, zoom: float = 2.0) -> bytes:
    """Return ``svg`` as PNG, ``zoom`` times as large; on one machine the same figure gives the same bytes.

    Raises:
        InputError: resvg is not installed, no font here has Chinese characters, or the picture is too large to be drawn.
    """
    try:
        import resvg_py
    except ImportError as error:
        raise InputError("PNG needs resvg: pip install 'kg-builder[draw]'; SVG needs nothing") from error
    if not _has_chinese():
        missing = "no font with Chinese characters is installed (Debian: fonts-noto-cjk), so PNG would lack them"
        raise InputError(f"{missing}; draw .svg")
    try:
        return bytes(resvg_py.svg_to_bytes(svg_string=svg, zoom=zoom))
    except ValueError as error:
        raise InputError(f"cannot be drawn as PNG: {error}; draw .svg, or less of the graph") from error


@functools.cache
def _has_chinese() -> bool:
    """Return whether a Chinese character leaves a trace: resvg leaves out what no font has, without a word."""
    import resvg_py

    return resvg_py.svg_to_bytes(svg_string=_SAMPLE.format("国")) != resvg_py.svg_to_bytes(svg_string=_SAMPLE.format(""))
