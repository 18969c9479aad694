"""The rules: what each looks for, how much it weighs, why it matters. docs/reference/lint.md is this table.

error    npuport refuses the patch, or it can only be a mistake; it cannot be ignored
warning  a reviewer would send the patch back
note     worth knowing; may be meant
"""

from npuport.base.sarif import Level, SarifResult, SarifRule

#: id, level, what is wrong, why it matters and how to fix it; in the order of a patch from top to bottom.
_TABLE: tuple[tuple[str, Level, str, str], ...] = (
    # The series.
    (
        "series-name",
        "error",
        "A line of `series` is no patch's name.",
        "Name patches NNNN-what-it-does.patch.",
    ),
    ("series-twice", "error", "A patch is named twice in `series`.", "Remove one of the two lines."),
    (
        "series-missing",
        "error",
        "`series` names a file that is not there.",
        "Remove the line, or restore it.",
    ),
    ("series-stray", "error", "A patch is not named in `series`.", "Name it where it belongs, or delete it."),
    ("number-twice", "error", "Two patches have the same number.", "Renumber one of them."),
    (
        "number-order",
        "warning",
        "The numbers do not rise with the order.",
        "`series` decides; names mislead.",
    ),
    ("number-gap", "note", "Numbers are left out.", "A dropped patch leaves a gap; `npuport new` goes on."),
    ("patch-twice", "error", "Two patches are the same file.", "Remove one of them."),
    ("change-twice", "warning", "Two patches make the same change.", "One of them is left over from a move."),
    (
        "overlap",
        "note",
        "A patch changes lines that an earlier one brought.",
        "Two patches on the same lines conflict together at a rebase: fold one into the other, if they are"
        " one idea.",
    ),
    # The mail.
    (
        "malformed",
        "error",
        "The patch cannot be read.",
        "Write it anew with git format-patch; `npuport refresh` does.",
    ),
    ("author-missing", "error", "No `From: Name <address>`.", "Name the author in the mail's header."),
    ("date-malformed", "error", "No date that git understands.", "git would date the commit today."),
    ("mail-encoded", "error", "The mail is encoded.", "Write it as plain UTF-8 text, 8bit."),
    (
        "commit-id",
        "note",
        "The envelope names a commit.",
        "It changes whenever the patch is written anew: write forty zeros (git format-patch --zero-commit).",
    ),
    ("subject-missing", "error", "No Subject.", "Say in one line what the patch does."),
    ("subject-too-long", "warning", "The subject has more than 72 characters.", "Logs and lists cut it off."),
    ("subject-prefix", "note", "The subject starts with `[PATCH]`.", "git format-patch --keep-subject."),
    ("subject-full-stop", "warning", "The subject ends with a full stop.", "It is a title."),
    (
        "subject-not-capital",
        "warning",
        "The subject starts with a small letter.",
        "It is a sentence's start.",
    ),
    (
        "subject-not-imperative",
        "note",
        "The subject does not say what the patch does to the code.",
        "`Add`, not `Added` or `Adds`: as git's own messages do.",
    ),
    (
        "name-differs-from-subject",
        "note",
        "The file's name does not come from the subject.",
        "One of them was changed later: git format-patch makes the name from the subject.",
    ),
    # The reason and the fields.
    (
        "reason-missing",
        "error",
        "The patch gives no reason.",
        "Say in the message why upstream needs the change; a rebase years from now depends on it.",
    ),
    ("placeholder-reason", "error", "The reason is not filled in yet.", "Write it where the placeholder is."),
    ("message-too-wide", "note", "A line of the message has more than 80 characters.", "Break it at 72."),
    (
        "forwarded-missing",
        "error",
        "No Forwarded.",
        "DEP-3: `no`, `not-needed`, or the url where it was sent upstream.",
    ),
    (
        "forwarded-url",
        "warning",
        "Forwarded is no url.",
        "Where was it sent? `no` and `not-needed` are the others.",
    ),
    (
        "origin-missing",
        "note",
        "No Origin.",
        "DEP-3: where the change comes from: `vendor`, `backport, URL`...",
    ),
    ("bug-url", "warning", "Bug is no url.", "DEP-3 asks for the report's address."),
    ("last-update-malformed", "warning", "Last-Update is no date.", "DEP-3: YYYY-MM-DD."),
    (
        "upstream-status-malformed",
        "warning",
        "Upstream-Status is none of OpenEmbedded's.",
        "Pending, Submitted, Denied, Inappropriate, Backport or Inactive-Upstream, each with its [reason].",
    ),
    ("applied-upstream", "note", "Upstream has taken the change.", "The next rebase drops the patch."),
    (
        "field-misspelled",
        "warning",
        "A line looks like a field, misspelled.",
        "It counts as prose otherwise.",
    ),
    ("field-twice", "warning", "A field is there twice.", "Only the first one counts."),
    ("diffstat", "note", "The mail holds a diffstat.", "It goes stale: git format-patch --no-stat."),
    ("signature", "note", "The mail ends in git's version.", "It churns: git format-patch --no-signature."),
    # The shape of the diff.
    (
        "index-abbreviated",
        "warning",
        "An `index` line is missing or short.",
        "A three-way merge needs whole ids: git format-patch --full-index.",
    ),
    ("index-stale", "note", "An `index` line names another file than the one changed.", "npuport refresh."),
    (
        "context-large",
        "warning",
        "More context than git needs.",
        "Three lines locate a hunk; more of upstream's text is quoted for nothing, and conflicts sooner.",
    ),
    (
        "quotes-much",
        "note",
        "The patch removes many of upstream's lines.",
        "They are quoted here under upstream's licence: is there a smaller change?",
    ),
    ("patch-large", "warning", "The patch changes more than 400 lines.", "Nobody reviews that: split it."),
    ("many-files", "note", "The patch changes many files.", "Is it one idea? One patch, one reason."),
    (
        "mode-change",
        "warning",
        "The patch changes a file's mode.",
        "Is it meant? A file system may have done it.",
    ),
    ("whitespace-only", "warning", "The change to a file is whitespace.", "It conflicts and does nothing."),
    ("license-changed", "warning", "The patch changes upstream's licence.", "It is not ours to change."),
    # The lines that it adds.
    ("conflict-marker", "error", "A conflict marker is added.", "Resolve the conflict; npuport refresh."),
    ("trailing-whitespace", "warning", "An added line ends in whitespace.", "Remove it."),
    ("indent-mixed", "warning", "An added line is indented unlike its file.", "Tabs or blanks, as it has."),
    ("line-end-mixed", "warning", "An added line ends unlike its file.", "CRLF or LF, as the file has."),
    ("newline-missing", "warning", "The file is left without a newline at its end.", "Add it."),
    ("debugger-left", "warning", "A debugger is called.", "Remove the call."),
    ("print-added", "note", "A print is added.", "Is it the program's output, or left from debugging?"),
    ("local-path", "warning", "A path of somebody's machine is added.", "Take it from an argument."),
    # Against the pin; only where upstream is in the cache.
    (
        "path-missing",
        "error",
        "The file is not in the tree.",
        "See what upstream did to it; npuport refresh.",
    ),
    ("does-not-apply", "error", "The patch does not apply exactly at the pin.", "npuport refresh."),
)

LEVELS: dict[str, Level] = {id: level for id, level, _, _ in _TABLE}
RULES: tuple[SarifRule, ...] = tuple(
    SarifRule(id, "".join(word.capitalize() for word in id.split("-")), text, help)
    for id, _, text, help in _TABLE
)


def path_of(name: str) -> str:
    """The path in the port of a patch or of `series`."""
    return f"patches/{name}"


def finding(rule: str, name: str, line: int, message: str, column: int = 0) -> SarifResult:
    """A finding in a patch or in `series`, with its rule's level."""
    return SarifResult(rule, LEVELS[rule], path_of(name), line, column, message)
