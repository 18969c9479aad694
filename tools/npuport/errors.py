"""The one error a command may end with."""


class PortError(Exception):
    """Something the user can mend: shown as `error: <message> — try: <mend>`, exit code 1.

    Args:
        message: what is wrong and where, in one line.
        mend: the command or edit that puts it right, in one line.
    """

    def __init__(self, message: str, mend: str) -> None:
        super().__init__(message)
        self.message = message
        self.mend = mend
