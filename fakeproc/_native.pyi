# The core, as native/fakeproc.h declares it: cffi makes it, without types that a checker could read.
from typing import Any

ffi: Any
lib: Any
