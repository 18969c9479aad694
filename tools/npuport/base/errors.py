"""The errors that a command ends with."""

import errno


class PortError(Exception):
    """Something the user can fix: shown as two lines, `error: <message>` and `hint: <hint>`; exit code 1.

    Args:
        message: what is wrong and where, in one line.
        hint: the command or edit that puts it right, in one line.
    """

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(Exception):
    """The command line is wrong: the message, and the usage it should have followed."""

    def __init__(self, message: str, usage: str) -> None:
        super().__init__(message)
        self.message = message
        self.usage = usage


_HINTS = {
    errno.ENOSPC: "free some disk space",
    errno.EDQUOT: "free some of your disk quota",
    errno.EFBIG: "raise the limit on file sizes (ulimit -f)",
    errno.EACCES: "make it readable and writable for you",
    errno.EPERM: "make it readable and writable for you",
    errno.EROFS: "use a directory that is writable",
    errno.ENAMETOOLONG: "use a directory with a shorter path",
    errno.EMFILE: "raise the limit on open files (ulimit -n)",
    errno.ENOTDIR: "remove the file that stands where a directory is needed",
}


def user_error(error: OSError) -> PortError | None:
    """The PortError for an error of the system that the user can fix; None for any other."""
    if error.errno not in _HINTS:
        return None
    where = f": {error.filename}" if error.filename else ""
    return PortError(f"{error.strerror}{where}", hint=_HINTS[error.errno])
