"""Parts of the bench that run in processes of their own: python -m fakeproc.bench core|kernel|lab|probe|serve ..."""

import sys
from collections.abc import Callable

from fakeproc.bench import core, kernel, lab, probe, serve

PARTS: dict[str, Callable[..., None]] = {
    "core": core.main,
    "kernel": kernel.main,
    "lab": lab.main,
    "probe": probe.main,
    "serve": serve.main,
}

if __name__ == "__main__":
    PARTS[sys.argv[1]](*sys.argv[2:])
