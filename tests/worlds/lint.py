"""Patches for the tests of `npuport lint`: one that breaks each rule, and sound ones that come near it."""

from npuport.patch.new import PLACEHOLDER

GOOD = (
    "From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001\n"
    "From: Ada Lovelace <ada@example.org>\n"
    "Date: Mon, 2 Nov 2026 10:00:00 +0100\n"
    "Subject: Seed what is present\n\n"
    "Because the test needs it.\n\n"
    "Origin: vendor\nForwarded: no\nLast-Update: 2026-11-02\n\n"
)
OLD, NEW = "0" * 39 + "1", "0" * 39 + "2"


def file_diff(*lines: str, path: str = "model.py", info: str = "", start: int = 1) -> str:
    """The diff of one file with one hunk: its lines with their kinds."""
    old = sum(line[0] in " -" for line in lines)
    new = sum(line[0] in " +" for line in lines)
    return (
        f"diff --git a/{path} b/{path}\n{info}index {OLD}..{NEW} 100644\n--- a/{path}\n+++ b/{path}\n"
        f"@@ -{start},{old} +{start},{new} @@\n" + "".join(f"{line}\n" for line in lines)
    )


DIFF = file_diff(" a = 1", "-b = 2", "+b = 3", " c = 4")
NAME = "0001-Seed-what-is-present.patch"


def head(*replacements: tuple[str, str]) -> str:
    text = GOOD
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new)
    return text


def added(*lines: str) -> str:
    return GOOD + file_diff("     x = 1", *(f"+{line}" for line in lines), "     y = 2")


NEW_FILE = (
    f"diff --git a/n.py b/n.py\nnew file mode 100644\nindex {'0' * 40}..{NEW}\n"
    "--- /dev/null\n+++ b/n.py\n@@ -0,0 +1 @@\n+a = 1\n"
)

#: Of each rule: a patch that breaks it, and where. `series` and pairs of patches have tests of their own.
BROKEN: dict[str, tuple[str | bytes, int]] = {
    "malformed": (GOOD + DIFF.replace("@@ -1,3", "@@ -1,9"), 16),
    "malformed: not UTF-8": (GOOD.replace("Because", "\xe4").encode("latin-1") + DIFF.encode(), 6),
    "malformed: no diff": (GOOD, 0),
    "malformed: not a line of a diff": (GOOD + DIFF + "so much for that\n", 21),
    "malformed: a header's line": (head(("Date:", "Date 1\nDate:")) + DIFF, 3),
    "malformed: a field of the header twice": (head(("Date:", "Subject: More\nDate:")) + DIFF, 5),
    "author-missing": (head(("Ada Lovelace <ada@example.org>", "Ada")) + DIFF, 2),
    "date-malformed": (head(("2 Nov", "2 Brumaire")) + DIFF, 3),
    "date-malformed: none": (head(("Date: Mon, 2 Nov 2026 10:00:00 +0100\n", "")) + DIFF, 1),
    "mail-encoded": (head(("Date:", "Content-Transfer-Encoding: base64\nDate:")) + DIFF, 3),
    "commit-id": (head(("From 0000", "From 1234")) + DIFF, 1),
    "subject-missing": (head(("Subject: Seed what is present\n", "")) + DIFF, 1),
    "subject-too-long": (
        head(("is present", "is present, whatever it is called and wherever it may be " * 2)) + DIFF,
        4,
    ),
    "subject-prefix": (head(("Seed what", "[PATCH 1/2] Seed what")) + DIFF, 4),
    "subject-full-stop": (head(("is present", "is present.")) + DIFF, 4),
    "subject-not-capital": (head(("Seed what", "seed what")) + DIFF, 4),
    "subject-not-imperative": (head(("Seed what", "Seeding what")) + DIFF, 4),
    "name-differs-from-subject": (head(("Seed what", "Sow what")) + DIFF, 4),
    "reason-missing": (head(("Because the test needs it.\n\n", "")) + DIFF, 1),
    "placeholder-reason": (head(("Because the test needs it.", PLACEHOLDER)) + DIFF, 6),
    "message-too-wide": (head(("Because", "Because, " * 9)) + DIFF, 6),
    "forwarded-missing": (head(("Forwarded: no\n", "")) + DIFF, 1),
    "forwarded-url": (head(("Forwarded: no", "Forwarded: by mail")) + DIFF, 9),
    "origin-missing": (head(("Origin: vendor\n", "")) + DIFF, 1),
    "bug-url": (head(("Forwarded: no", "Forwarded: no\nBug-Debian: 12")) + DIFF, 10),
    "last-update-malformed": (head(("2026-11-02", "2026-02-30")) + DIFF, 10),
    "upstream-status-malformed": (head(("Forwarded: no", "Forwarded: no\nUpstream-Status: Soon")) + DIFF, 10),
    "upstream-status-malformed: no reason": (
        head(("vendor", "vendor\nUpstream-Status: Inappropriate")) + DIFF,
        9,
    ),
    "applied-upstream": (head(("Forwarded: no", "Forwarded: no\nApplied-Upstream: abcd")) + DIFF, 10),
    "field-misspelled": (head(("Because", "Last-Updated: x\nBecause")) + DIFF, 6),
    "field-twice": (head(("Forwarded: no", "Forwarded: no\nForwarded: not-needed")) + DIFF, 10),
    "diffstat": (
        head(("Last-Update: 2026-11-02\n", "---\n model.py | 2 +-\n 1 file changed, 1 insertion(+)\n"))
        + DIFF,
        12,
    ),
    "signature": (GOOD + DIFF + "-- \n2.39.5\n\n", 21),
    "index-abbreviated": (GOOD + DIFF.replace(f"{OLD}..{NEW}", "abcdef1..abcdef2"), 13),
    "index-abbreviated: none": (GOOD + DIFF.replace(f"index {OLD}..{NEW} 100644\n", ""), 12),
    "context-large": (GOOD + file_diff(*(f" {n}" for n in range(4)), "-a", "+b"), 16),
    "context-large: inside": (GOOD + file_diff("-a", *(f" {n}" for n in range(7)), "-c", "+d"), 16),
    "quotes-much": (GOOD + file_diff(*(f"-{n}" for n in range(61)), "+b"), 12),
    "patch-large": (GOOD + file_diff(" a", *(f"+{n}" for n in range(401))), 12),
    "many-files": (GOOD + "".join(DIFF.replace("model.py", f"m{n}.py") for n in range(11)), 12),
    "mode-change": (
        GOOD
        + DIFF.replace("index", "old mode 100644\nnew mode 100755\nindex").replace(" 100644\n---", "\n---"),
        14,
    ),
    "whitespace-only": (GOOD + file_diff(" a = 1", "-b=2", "+b = 2"), 12),
    "whitespace-only: blank lines": (GOOD + file_diff(" a = 1", "+", " b = 2"), 12),
    "license-changed": (GOOD + DIFF.replace("model.py", "LICENSE"), 12),
    "conflict-marker": (added("<<<<<<< ours", "    b = 1", ">>>>>>> theirs"), 18),
    "trailing-whitespace": (added("    b = 1 "), 18),
    "indent-mixed": (added("\tb = 1"), 18),
    "indent-mixed: blank before a tab": (added("  \tb = 1"), 18),
    "indent-mixed: blanks": (GOOD + file_diff(" \ta = 1", "+        b = 2", path="Makefile"), 18),
    "line-end-mixed": (added("    b = 1\r"), 18),
    "line-end-mixed: LF": (GOOD + file_diff(" a = 1\r", "+b = 2", " c = 3\r"), 18),
    "newline-missing": (
        GOOD + file_diff(" a = 1", "-b = 2", "+b = 3") + "\\ No newline at end of file\n",
        19,
    ),
    "debugger-left": (added("    breakpoint()"), 18),
    "debugger-left: pdb": (added("    import os, pdb"), 18),
    "debugger-left: set_trace": (added("    if x: ipdb.set_trace()"), 18),
    "print-added": (added("    print(x, end='')"), 18),
    "local-path": (added("    b = '/home/ada/vtp'"), 18),
}


#: Patches as they should be, each near to a rule.
SOUND = {
    "plain": GOOD + DIFF,
    "new file": GOOD + NEW_FILE,
    "forwarded": head(("Forwarded: no", "Forwarded: https://host.example/pull/1")) + DIFF,
    "mailed": head(("Forwarded: no", "Forwarded: <dev@host.example>")) + DIFF,
    "status": head(("Forwarded: no", "Forwarded: no\nUpstream-Status: Inappropriate [Ascend only]")) + DIFF,
    "reason as a field": head(("Because the test needs it.\n\n", "Reason: the test\n")) + DIFF,
    "prose with colons": head(("Because", "Note: see Figure 1: it says so.\nBecause")) + DIFF,
    "two who signed": head(("Forwarded:", "Signed-off-by: A <a@b.c>\nSigned-off-by: D <d@e.f>\nForwarded:"))
    + DIFF,
    "a name of the code": head(("Seed what is present", "attn_mask needs a value")) + DIFF,
    "area": head(("Seed what is present", "net: seed what is present")) + DIFF,
    "a line that moves in": GOOD + file_diff("-import a", " b = 1", "+    import a", " c = 2"),
    "indented anew": GOOD + file_diff(" if a:", "-b = 1", "+    b = 1"),
    "heading": added("Title", "======="),
    "markers in a string": added("    b = '<<<<<<< x'"),
    "print of another": added("    x.print(1)", "    # print(x)", "    s = 'print(x)'", "    fingerprint(x)"),
    "print that was there": GOOD + file_diff("-print(1)", "+print(2)"),
    "print in a shell script": GOOD + file_diff(" a", "+print(2)", path="a.sh"),
    "upstream's own trailing blank": GOOD + file_diff("-b = 2 ", " c = 3", "+b = 2 "),
    "CRLF in a CRLF file": GOOD + file_diff(" a = 1\r", "-b = 2\r", "+b = 3\r"),
    "no newline as before": GOOD
    + file_diff("-b = 2").replace("+1,0", "+1,1")
    + "\\ No newline at end of file\n+b = 3\n\\ No newline at end of file\n",
    "tabs in a tab file": GOOD + file_diff(" \ta = 1", "+\tb = 2", path="Makefile"),
    "continued alignment": GOOD + file_diff("     f(a,", "+      b,", "       c)"),
    "url path": added("    b = 'https://host.example/home/ada/vtp'"),
}
