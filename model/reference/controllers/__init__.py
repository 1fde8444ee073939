# SPDX-License-Identifier: GPL-2.0
"""The controllers: a new one is a class, and its name here."""

from .base import Controller
from .cpuset import Cpuset
from .simple import Births, Cpu, Cpuacct, Debug, Pids

KNOWN: dict[str, Controller] = {c.name: c for c in (
    Cpuset(), Cpuacct(), Pids(), Cpu(), Births(), Debug("debug"), Debug("debug2"))}
# Those of the kernel, in the order of their ids.
CONTROLLERS: dict[str, Controller] = dict(KNOWN)


def choose(names: list[str]) -> None:
    """The kernel has these."""
    CONTROLLERS.clear()
    CONTROLLERS.update({name: KNOWN[name] for name in names})
