"""Why the embedded broker does not run."""


class BrokerError(Exception):
    """`says` is what is wrong, `hint` is what to do about it."""

    def __init__(self, says: str, hint: str) -> None:
        super().__init__(f"{says}\nhint: {hint}")
        self.says = says
        self.hint = hint
