"""Real programs, unmodified, on a mount that lies over /proc."""
