# SPDX-License-Identifier: GPL-2.0
"""What is written to files, and read from them."""

from __future__ import annotations

import re
from errno import E2BIG, EINVAL

from .tree import need

PAGE = 4096
BLANKS = " \t\n\v\f\r"


def value(text: str) -> str:
    """What is left of a written text."""
    need(len(text) < PAGE, E2BIG)
    need("\0" not in text, EINVAL)
    return text.strip(BLANKS)


def number(text: str, limit: int) -> int:
    need(re.fullmatch(r"\d+", text, re.ASCII) is not None and int(text) <= limit, EINVAL)
    return int(text)


def flag(text: str) -> int:
    return number(text, 1)


def bits_of(text: str) -> int:
    """A list such as "0-3,8" or "0-7:2/4" as bits."""
    bits = 0
    for part in text.split(",") if text else []:
        found = re.fullmatch(r"(\d+)(?:-(\d+)(?::(\d+)/(\d+))?)?", part, re.ASCII)
        need(found is not None, EINVAL)
        first, last, used, group = (int(g) if g else None for g in found.groups())
        last = first if last is None else last
        need(first <= last < 10000, EINVAL)
        need(group is None or used <= group > 0, EINVAL)
        for nr in range(first, last + 1):
            if group is None or (nr - first) % group < used:
                bits |= 1 << nr
    return bits


def list_of(bits: int) -> str:
    """The other way round."""
    numbers = [nr for nr in range(bits.bit_length()) if bits >> nr & 1]
    parts: list[list[int]] = []
    for nr in numbers:
        if parts and parts[-1][1] == nr - 1:
            parts[-1][1] = nr
        else:
            parts.append([nr, nr])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in parts)
