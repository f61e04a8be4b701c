"""System calls by name, on a tree that a module like os reaches: the real one, or a fake.

This file also runs by itself, as `system_calls.py BASE`: then it takes calls, one JSON line each, and answers them so.
"""

import base64
import json
import os
import sys
from typing import Any

ON_PATHS = {
    *("open", "truncate", "stat", "lstat", "readlink", "chmod", "access"),
    *("listdir", "mkdir", "rmdir", "unlink", "rename"),
}
TWO_PATHS = {"rename"}
STATUS = ["st_mode", "st_uid", "st_gid", "st_size", "st_nlink"]


class SystemCalls:
    """call(name, path or descriptor, ...): paths are below base, a stat is a list of what STATUS names."""

    def __init__(self, base: str, module: Any = os) -> None:
        self.base, self.module = base, module

    def call(self, name: str, *words: Any) -> Any:
        paths = 2 if name in TWO_PATHS else 1 if name in ON_PATHS else 0
        words = (*(self.base + word for word in words[:paths]), *words[paths:])
        found = getattr(self.module, name)(*words)
        return [getattr(found, field) for field in STATUS] if hasattr(found, "st_mode") else found


def packed(value: Any) -> Any:
    """As JSON can say it."""
    return {"bytes": base64.b64encode(value).decode()} if isinstance(value, bytes) else value


def unpacked(value: Any) -> Any:
    return base64.b64decode(value["bytes"]) if isinstance(value, dict) else value


def _answered(calls: SystemCalls, line: str) -> dict[str, Any]:
    name, *words = json.loads(line)
    try:
        return {"result": packed(calls.call(name, *map(unpacked, words)))}
    except OSError as error:
        return {"errno": error.errno}


def main() -> None:
    calls = SystemCalls(sys.argv[1])
    for line in sys.stdin:
        print(json.dumps(_answered(calls, line)), flush=True)


if __name__ == "__main__":
    main()
