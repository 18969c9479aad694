"""The rules of `npuport lint`: what each finds, how severe it is, how to fix it or why it matters.

error    npuport refuses the patch, or it is surely a mistake; it cannot be ignored
warning  a reviewer would send the patch back
note     may be intended

docs/reference/lint.md is made from this table.
"""

from typing import cast

from npuport.base.sarif import Level, SarifResult, SarifRule

# In the order of a patch from top to bottom.
_TABLE = """
series-name | error | A line of `series` is no name of a patch. | Name patches NNNN-what-it-does.patch.
series-twice | error | `series` names a patch twice. | Remove one of the two lines.
series-missing | error | `series` names a file that does not exist. | Remove the line, or restore the file.
series-stray | error | `series` does not name a patch. | Add its name where it belongs, or delete it.
number-twice | error | Two patches have the same number. | Renumber one of them.
number-order | warning | The numbers do not rise with the order. | `series` decides; the numbers mislead.
number-gap | note | A number is left out. | A dropped patch leaves a gap; `npuport new` counts on.
patch-twice | error | Two patches are the same file. | Remove one of them.
change-twice | warning | Two patches make the same change. | One of them is left over from a move.
overlap | note | A patch changes lines that an earlier one added. | Both conflict in a rebase: is it one idea?
malformed | error | The patch cannot be read. | Write it anew with git format-patch; `npuport refresh` does.
author-missing | error | No `From: Name <address>`. | Name the author in the mail's header.
date-malformed | error | No date that git understands. | git would date the commit today.
mail-encoded | error | The mail is encoded. | Write it as plain UTF-8 text, 8bit.
commit-id | note | The envelope names a commit. | It changes with each rewrite: use --zero-commit.
subject-missing | error | No Subject. | Write in one line what the patch does.
subject-too-long | warning | The subject has more than 72 characters. | Logs and lists cut it off.
subject-prefix | note | The subject starts with `[PATCH]`. | Write it with git format-patch --keep-subject.
subject-full-stop | warning | The subject ends with a full stop. | It is a title.
subject-not-capital | warning | The subject starts with a small letter. | It is the start of a sentence.
subject-not-imperative | note | The subject is no imperative. | `Add`, not `Added` or `Adds`, as in git.
name-differs-from-subject | note | The file is not named after the subject. | git format-patch names it so.
reason-missing | error | The patch gives no reason. | Write why upstream needs it; later rebases depend on it.
placeholder-reason | error | The reason is not filled in yet. | Replace the placeholder with the reason.
message-too-wide | note | A line of the message has more than 80 characters. | Break it at 72.
forwarded-missing | error | No Forwarded. | DEP-3: `no`, `not-needed`, or the URL where it was sent upstream.
forwarded-url | warning | Forwarded is no URL. | Give the URL where it was sent, or `no`, or `not-needed`.
origin-missing | note | No Origin. | DEP-3: where the change comes from: `vendor`, `backport, URL`...
bug-url | warning | Bug is no URL. | DEP-3 asks for the address of the report.
last-update-malformed | warning | Last-Update is no date. | DEP-3: YYYY-MM-DD.
upstream-status-malformed | warning | Unknown Upstream-Status. | OpenEmbedded's: Pending, Submitted [url]...
applied-upstream | note | Upstream has taken the change. | The next rebase drops the patch.
field-misspelled | warning | A line looks like a misspelled field. | npuport takes it for prose.
field-twice | warning | A field occurs twice. | Only the first one counts.
diffstat | note | The mail has a diffstat. | It becomes wrong: use --no-stat.
signature | note | The mail ends with git's version. | It changes with git: use --no-signature.
index-abbreviated | warning | No `index` line with whole ids. | Merges need them: use --full-index.
index-stale | note | An `index` line names another content than the file has. | npuport refresh.
context-large | warning | A hunk has too much context. | Three lines are enough; more conflict sooner.
quotes-much | note | The patch removes many of upstream's lines. | It quotes them under upstream's licence.
patch-large | warning | The patch changes more than 400 lines. | Split it; nobody reviews so much at once.
many-files | note | The patch changes many files. | Is it one idea? One patch, one reason.
mode-change | warning | The patch changes a file's mode. | Is it intended? A file system may have done it.
whitespace-only | warning | The patch changes only whitespace in a file. | It conflicts and has no effect.
license-changed | warning | The patch changes upstream's licence. | A port may not change it.
conflict-marker | error | A conflict marker is added. | Resolve the conflict; npuport refresh.
trailing-whitespace | warning | An added line ends in whitespace. | Remove it.
indent-mixed | warning | An added line is indented unlike its file. | Use tabs or blanks as the file does.
line-end-mixed | warning | An added line ends unlike its file. | Use CRLF or LF as the file does.
newline-missing | warning | The file is left without a newline at its end. | Add it.
debugger-left | warning | A debugger is called. | Remove the call.
print-added | note | A print is added. | Is it the program's output, or left from debugging?
local-path | warning | A path of one user's machine is added. | Take it from an argument.
path-missing | error | The file does not exist at the pin. | See what upstream did to it; npuport refresh.
does-not-apply | error | The patch does not apply exactly at the pin. | npuport refresh.
"""
_ROWS = [[cell.strip() for cell in row.split(" | ")] for row in _TABLE.strip().splitlines()]

LEVELS: dict[str, Level] = {id: cast(Level, level) for id, level, _, _ in _ROWS}
RULES: tuple[SarifRule, ...] = tuple(
    SarifRule(id, "".join(word.capitalize() for word in id.split("-")), text, help)
    for id, _, text, help in _ROWS
)


def path_of(name: str) -> str:
    """The path in the port of a patch or of `series`."""
    return f"patches/{name}"


def finding(rule: str, name: str, line: int, message: str, column: int = 0) -> SarifResult:
    """A finding in a patch or in `series`, with its rule's level."""
    return SarifResult(rule, LEVELS[rule], path_of(name), line, column, message)
