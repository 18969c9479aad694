"""Check a patch's mail: its header, its subject, its reason, its DEP-3 fields."""

import datetime
import difflib
import re
from collections.abc import Iterator
from functools import partial

from npuport.base.sarif import SarifResult
from npuport.lint.rules import finding
from npuport.patch.mail import field_faults
from npuport.patch.new import PLACEHOLDER, name_of
from npuport.patch.parts import FIELDS, MailField, Patch

_RULE_OF = {
    "subject": "subject-missing",
    "from": "author-missing",
    "date": "date-malformed",
    "forwarded": "forwarded-missing",
    "reason": "reason-missing",
}
_STATUS = re.compile(
    r"(?:Pending|Denied|Inactive-Upstream)(?: .*)?|(?:Submitted|Inappropriate|Backport) \S.*"
)
_URL = re.compile(r"(?:https?|mailto|ssh|git)://?\S+|mailto:\S+@\S+|<?[\w.+-]+@[\w-]+\.\S+>?")
_MANY = ("signed-off-by", "reviewed-by", "acked-by", "bug")
# The verbs that subjects of patches start with, and how people write them instead.
_VERBS = (
    *("add", "allow", "ask", "avoid", "build", "bump", "call", "change", "check", "clean", "convert"),
    *("correct", "create", "delete", "disable", "drop", "enable", "ensure", "extend", "fall", "fill", "fix"),
    *("follow", "guard", "handle", "implement", "import", "improve", "introduce", "keep", "load", "make"),
    *("move", "pass", "port", "prefer", "prevent", "read", "refactor", "remove", "rename", "replace"),
    *("return", "rework", "seed", "set", "simplify", "skip", "split", "stop", "support", "take", "try"),
    *("update", "use", "work", "wrap", "write"),
)
_NOT_IMPERATIVE = {
    form
    for verb in _VERBS
    for form in (
        *(f"{verb}s", f"{verb}ed", f"{verb}ing", f"{verb}{verb[-1]}ed", f"{verb}{verb[-1]}ing"),
        *(f"{verb[:-1]}ed", f"{verb[:-1]}ing") * verb.endswith("e"),
        *(f"{verb}es",) * verb.endswith(("s", "x", "sh", "ch")),
        *(f"{verb[:-1]}ies", f"{verb[:-1]}ied") * verb.endswith("y"),
    )
} | {"made", "built", "wrote", "took", "kept"}


def check_mail(patch: Patch) -> Iterator[SarifResult]:
    for fault in field_faults(patch):
        rule = _RULE_OF.get(fault.field, "mail-encoded")
        yield finding(rule, patch.name, fault.line or 1, f"{fault.problem}: {fault.hint}")
    if subject := patch.field("subject"):
        yield from _check_subject(patch, subject)
    yield from _check_message(patch)
    yield from _check_fields(patch)
    if patch.signature:
        yield finding("signature", patch.name, patch.signature.number, "git's version below `-- `")


def _check_subject(patch: Patch, field: MailField) -> Iterator[SarifResult]:
    at_field = partial(_at_field, patch, field)
    subject = re.sub(r"^(?:\[[^]]*\]\s*)+", "", field.value)
    if subject != field.value and field.value.upper().startswith("[PATCH"):
        yield at_field("subject-prefix", f"the subject starts with {field.value[: -len(subject)].strip()}")
    if len(subject) > 72:
        yield at_field("subject-too-long", f"the subject has {len(subject)} characters; 72 at most")
    if re.search(r"[^.]\.$", subject):
        yield at_field("subject-full-stop", "the subject ends with a full stop")
    title = re.sub(r"^[\w./-]+: ", "", subject)  # `module: Do this`
    word = title.split(" ")[0]
    # A name out of the code keeps its case: `attn_mask`, `torch.compile`, `fp16`, `mT5`, `load()`.
    if word.isalpha() and word.islower() and title == subject:
        yield at_field("subject-not-capital", f"the subject starts with {word!r}, a small letter")
    if word.lower() in _NOT_IMPERATIVE:
        yield at_field("subject-not-imperative", f"the subject starts with {word!r}: say what the patch does")
    if patch.name[:4].isdigit():
        name = name_of(subject, int(patch.name[:4]))
        if not name.lower().startswith(patch.name.removesuffix(".patch").lower()):
            yield at_field("name-differs-from-subject", f"after the subject it would be {name}")


def _at_field(patch: Patch, field: MailField, rule: str, message: str) -> SarifResult:
    return finding(rule, patch.name, field.number, message)


def _check_message(patch: Patch) -> Iterator[SarifResult]:
    below = False
    for line in patch.message:
        below = below or line.text.strip() == "---"
        if PLACEHOLDER in line.text:
            yield finding("placeholder-reason", patch.name, line.number, "the reason is not filled in yet")
        if len(line.text) > 80 and "://" not in line.text:
            yield finding("message-too-wide", patch.name, line.number, f"{len(line.text)} characters")
        if below and re.match(r" \d+ files? changed", line.text):
            yield finding("diffstat", patch.name, line.number, "a diffstat, which goes stale")
    envelope = re.match(rb"From ([0-9a-f]{40}) ", patch.data)
    if envelope and envelope[1].strip(b"0"):
        yield finding("commit-id", patch.name, 1, f"the envelope names {envelope[1][:12].decode()}")


def _check_fields(patch: Patch) -> Iterator[SarifResult]:
    seen = set()
    for field in (*patch.header, *patch.body):
        at_field = partial(_at_field, patch, field)
        if field.name in seen and field in patch.body and field.name not in _MANY:
            yield at_field("field-twice", f"{field.name.capitalize()} occurs twice")
        seen.add(field.name)
        url = _URL.match(field.value)
        if field.name == "forwarded" and field.value not in ("", "no", "not-needed") and not url:
            yield at_field("forwarded-url", f"Forwarded: {field.value[:60]!r} is no URL")
        if (field.name == "bug" or field.name.startswith("bug-")) and not url:
            yield at_field("bug-url", f"{field.value[:60]!r} is no URL")
        if field.name == "last-update" and not _is_date(field.value):
            yield at_field("last-update-malformed", f"{field.value[:60]!r} is not of the form YYYY-MM-DD")
        if field.name == "upstream-status" and not _STATUS.fullmatch(field.value):
            yield at_field("upstream-status-malformed", f"{field.value[:60]!r} is no Upstream-Status")
        if field.name == "applied-upstream":
            yield at_field("applied-upstream", f"upstream has taken it: {field.value[:60]}")
    if "origin" not in seen:
        yield finding("origin-missing", patch.name, 1, "no Origin: vendor, upstream, backport or other")
    for line in patch.prose:
        key, colon, _ = line.text.partition(":")
        if colon and re.fullmatch(r"[A-Z][A-Za-z-]{2,}", key) and key.lower() not in FIELDS:
            near = difflib.get_close_matches(key.lower(), FIELDS - {"from", "author", "reason"}, 1, 0.8)
            if near:
                yield finding("field-misspelled", patch.name, line.number, f"{key!r} looks like {near[0]!r}")


def _is_date(text: str) -> bool:
    try:
        return datetime.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
