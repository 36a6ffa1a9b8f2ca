"""What the fence must stand: a function that hangs, crashes, or takes all the memory, as its argument says."""

from __future__ import annotations

import os
import re
import sys
import time


def work(what: str) -> str:
    """Do it."""
    if what == "sleep":
        time.sleep(600)
    elif what == "loop in C":
        re.match(r"(a+)+$", "a" * 60 + "b")
    elif what == "memory":
        return str(len(bytearray(4_000_000_000)))
    elif what == "many pieces":
        pieces = []
        while True:
            pieces.append(bytearray(10_000_000))
    elif what == "abort":
        os.abort()
    elif what == "leave":
        sys.exit(3)
    elif what == "raise":
        raise ValueError("no")
    elif what == "raise what cannot be sent":
        raise Unsendable("a", "b")
    elif what == "who":
        return str(os.getpid())
    return what.upper()


class Unsendable(Exception):
    """Takes two arguments and keeps one, so that its copy in another process cannot be made."""

    def __init__(self, one: str, two: str) -> None:
        super().__init__(one)
        self.two = two
