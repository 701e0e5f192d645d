"""Why a partition is not taken over, or let go."""


class Refusal(Exception):
    """The worker does not start: `says` is what is wrong, `hint` is what to do about it."""

    def __init__(self, says: str, hint: str) -> None:
        super().__init__(f"{says}\nhint: {hint}")


class Superseded(Exception):
    """Another process owns the partition now."""
