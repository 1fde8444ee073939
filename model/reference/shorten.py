# SPDX-License-Identifier: GPL-2.0
"""Delta debugging: the operations without which it does not fail."""

from __future__ import annotations

import time
from typing import Callable

# Seconds.
PATIENCE = 180


def _without(lines: list[str], size: int, fails: Callable[[list[str]], bool], until: float) -> tuple[list[str], bool]:
    """Leaves out pieces of @size, from the end, as long as it fails; has that helped?"""
    helped = False
    end = len(lines)
    while end > 0 and time.monotonic() < until:
        start = max(0, end - size)
        rest = lines[:start] + lines[end:]
        if rest and fails(rest):
            lines = rest
            helped = True
        end = start
    return lines, helped


def shorten(lines: list[str], fails: Callable[[list[str]], bool]) -> list[str]:
    """Each step of @lines left is needed, unless there was no time to try; [] if it does not fail again."""
    until = time.monotonic() + PATIENCE
    # What it takes is mostly near the end.
    for keep in (30, 100, 300, 1000, 3000, len(lines)):
        if keep <= len(lines) and fails(lines[-keep:]):
            lines = lines[-keep:]
            break
    else:
        return []
    size = max(1, len(lines) // 2)
    while time.monotonic() < until:
        lines, helped = _without(lines, size, fails, until)
        if size == 1 and not helped:
            break
        size = max(1, size if helped and size == 1 else size // 2)
    return lines
