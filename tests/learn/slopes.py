"""Whether a gradient is right: each slope against the difference that a small step makes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest


def check_slopes(
    weights: Mapping[str, Any], slopes_of: Callable[[], tuple[float, Mapping[str, Any]]], chance: np.random.Generator, *,
    step: float,
) -> None:  # fmt: skip
    """Compare a few slopes of each weight with the difference of the loss, which ``slopes_of`` gives beside the slopes.

    The weights are in double precision, and are left as they were.
    """
    _, slopes = slopes_of()
    assert slopes.keys() == weights.keys()
    for name, value in weights.items():
        for at in sorted({tuple(chance.integers(0, size) for size in value.shape) for _ in range(4)}):
            before = value[at]
            value[at] = before + step
            above, _ = slopes_of()
            value[at] = before - step
            below, _ = slopes_of()
            value[at] = before
            assert slopes[name][at] == pytest.approx((above - below) / (2 * step), rel=1e-3, abs=1e-6), name
