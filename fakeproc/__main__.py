"""python3 -m fakeproc"""

import sys

from fakeproc.cli import main

sys.exit(main())
