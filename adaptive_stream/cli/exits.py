"""How a command ends: its exit code, and the one way to say why it could not do its work."""

from enum import IntEnum


class Exit(IntEnum):
    """The exit codes of every command; `--help` prints them."""

    OK = 0
    FAULTS = 1  # The check found faults, or what is there differs from what was asked.
    USAGE = 2  # The command line, a file or a setting is wrong.
    NOT_FOUND = 3  # What was asked for does not exist, or does not answer.


class Refused(Exception):
    """A command stops here: `says` is what is wrong, `hint` is what to do about it."""

    def __init__(self, says: str, hint: str = "", code: Exit = Exit.USAGE) -> None:
        super().__init__(says)
        self.says = says
        self.hint = hint
        self.code = code
