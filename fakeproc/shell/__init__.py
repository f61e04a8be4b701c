"""fakeproc shell: a world, and commands for it, typed at a prompt, from a script, or from a transcript of both."""

PROMPT = "fakeproc> "
