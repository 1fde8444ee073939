# SPDX-License-Identifier: GPL-2.0
"""Data races that KCSAN has found in our code, from a decoded console.

The kernel around it has races of its own, of which some are meant and some not marked
yet. A race counts as ours if, on either side, it is in one of our files, or in what
these call, so far as RACE_FRAMES frames go; what is inlined counts for where it is from.
"""

import re

OURS = re.compile(r"\b(kernel/rc/|fs/proc/rc|include/linux/rc\.h|kernel/nsproxy\.c)")
RACE_FRAMES = 3
TITLE = re.compile(r"BUG: KCSAN: (.+)")
# A line of the log without its time.
STAMP = re.compile(r"^\[ *\d+\.\d+\](?:\[ *[TC]\d+\])? ?", re.M)


def reports(text):
    """(title, lines) of each report."""
    for block in re.split(r"^={20,}$", STAMP.sub("", text.replace("\r", "")), flags=re.M):
        lines = block.strip("\n").splitlines()
        title = TITLE.match(lines[0]) if lines else None
        if title:
            yield title[1], lines[1:]


def is_ours(lines):
    """Is one of the accesses in our code?"""
    left = 0
    for line in lines:
        if re.search(r" by (task|interrupt)\b", line):
            left = RACE_FRAMES
        elif left:
            if OURS.search(line):
                return True
            left -= 1
    return False


def races(text):
    """({title: lines} of ours, the number of others)"""
    ours, others = {}, 0
    for title, lines in reports(text):
        if is_ours(lines):
            ours.setdefault(title, lines)
        else:
            others += 1
    return ours, others
