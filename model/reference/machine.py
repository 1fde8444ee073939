# SPDX-License-Identifier: GPL-2.0
"""The guest: qemu/boot's machine "numa" with four CPUs."""

from dataclasses import dataclass

CPUS = 4
NODES = 2
# The node whose memory comes and goes, and is off line at first.
REMOVABLE = 2


@dataclass
class Machine:
    """CPUs and nodes with memory that are on line, as bits."""

    cpus: int = (1 << CPUS) - 1
    mems: int = (1 << NODES) - 1
    all_cpus: int = (1 << CPUS) - 1
