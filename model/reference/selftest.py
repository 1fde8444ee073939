# SPDX-License-Identifier: GPL-2.0
"""The model's own test, without a guest: python3 -m reference.selftest, in model/.

A second copy of the reference takes the guest's place. As it is, the two agree; with a
rule taken out, what is drawn finds that, and makes it short.
"""

from __future__ import annotations

import sys
from collections import deque
from typing import Callable
from unittest.mock import patch

from . import shorten, world
from .controllers import Births, Cpuset
from .moves import Moves
from .play import Player, drawn
from .show import escaped, seen_in
from .tree import Cred, Group
from .world import Result, World

SEED = 1
AGREE = 3000
FOUND = 40000


def _own_births(births: Births, group: Group) -> list:
    return [group.states["births"]] if group.parent else []


# A rule that is not kept: where it stands, and what is there instead.
BROKEN: dict[str, tuple[object, str, object]] = {
    "sets of siblings are exclusive": (Cpuset, "_clash", lambda *_: False),
    "the group that a task leaves": (Moves, "_may_leave", lambda *_: None),
    "whose task it is": (Moves, "_may_move", lambda *_: True),
    "whom a user may signal": (Cred, "may_signal", lambda *_: True),
    "whether a child may be started elsewhere": (Moves, "may_start", lambda *_: None),
    "a child is born where it was to be started": (Moves, "carry", lambda *_: None),
    "depth": (world, "MAX_DEPTH", 33),
    "births count in what is above": (Births, "_states", _own_births),
    "events tells of what has changed": (World, "_populated", lambda _: {}),
    "CPUs that have gone are forgotten in the root alone": (
        Cpuset, "group_of", lambda cpuset, *_: None),
}


class Copy:
    """In place of the agent's port."""

    def __init__(self, broken: tuple[object, str, object] | None):
        self.broken = broken
        self.seen: dict[str, str] = {}
        self.sent: deque[str] = deque()
        self.world = World()

    def send(self, line: str) -> None:
        self.sent.append(line)

    def _do(self, line: str) -> Result:
        if line == "reset":
            self.world = World()
            return Result()
        return Result() if line == "again" else self.world.do(line)

    def _answer(self, line: str) -> tuple[int, str]:
        result = self._do(line)
        self.seen = seen_in(self.world)
        return min(result.errnos), escaped(result.text or "")

    def reply(self) -> tuple[int, str]:
        line = self.sent.popleft()
        if not self.broken:
            return self._answer(line)
        with patch.object(*self.broken):
            return self._answer(line)


def play(player: Player, lines: list[str]) -> bool:
    return player.play(World(), iter(lines)) is not None


def main() -> int:
    failed = 0
    tests: list[tuple[str, tuple[object, str, object] | None]] = [("agrees", None), *BROKEN.items()]
    for name, broken in tests:
        player, model = Player(Copy(broken)), World()
        wrong = player.play(model, drawn(SEED, FOUND if broken else AGREE, model))
        good = bool(wrong) == bool(broken)
        text = f"{len(player.played)} operations"
        if wrong:
            fails: Callable[[list[str]], bool] = lambda lines, player=player: play(player, lines)
            short = shorten.shorten(player.played[:wrong.nr + 1], fails)
            good = good and play(player, short) and len(short) < 60
            text = f"found after {wrong.nr + 1}, in short {len(short)}"
        failed += not good
        print(f"{'passed' if good else 'failed'} {name}: {text}", flush=True)
    print(f"{len(tests) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
