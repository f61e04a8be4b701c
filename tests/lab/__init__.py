"""Real programs in a lab: what they see, and what becomes of what they kill."""
