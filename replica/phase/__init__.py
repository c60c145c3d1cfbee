"""The command `python -m replica.phase`, and the rows and options that `python -m replica solve` shares with it."""
