"""The same behaviour at every door: the core's API, pyfakefs, a FUSE mount, and the lab."""
