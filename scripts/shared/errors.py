"""Bad input of helpers, and what they cannot do."""

from __future__ import annotations


class InputError(ValueError):
    """Bad input: one sentence that says what was found, what was expected, what to do."""

    def __init__(self, message: str, exit_code: int = 2) -> None:
        super().__init__(message)
        self.exit_code = exit_code
