#!/usr/bin/env python3
"""Write the generated regions of docs/ from the code: `python tools/docs/reference.py`; `make docs` runs it.

A region of a page stands between `<!-- generated: NAME -->` and `<!-- end -->`. Its content comes from the
parsers, tables, schemas and docstrings, so that it cannot contradict them. `--check` writes nothing and exits
with 1 when a page is not current.
"""

import argparse
import ast
import inspect
import re
import sys
from collections.abc import Callable
from pathlib import Path

import figures
from files import ROOT, code, lock, patches, schema, table, weights_lock
from schemas import SCHEMAS, schema_file

DOCS = ROOT / "docs"
SIMULATOR = ROOT / "tools" / "softcann" / "README.md"
_REGION = re.compile(r"(<!-- generated: ([\w.-]+) -->\n)(.*?)(?=<!-- end -->)", re.S)

#: The environment variables of npuport. One that the code reads and that is missing here is an error.
VARIABLES = {
    "NPUPORT_CACHE": "the cache's directory, instead of `.cache` in the repository;"
    " of an installed npuport, instead of `~/.cache/npuport`",
    "NPUPORT_MIRROR": "a directory or url below which mirrors of upstream lie; for `https://host/owner/name`"
    " these are tried: `owner/name.git`, `owner/name`, `name.git`, `name`",
    "NPUPORT_TORCH_INDEX": "the package index for torch's CPU build, where the usual one has only CUDA's",
}


# Commands


def commands() -> str:
    """Every command with its arguments, from the parsers."""
    from npuport.cli import Parser
    from npuport.commands import COMMANDS, module_of

    sections = []
    for name, line in COMMANDS.items():
        module = module_of(name)
        parser = Parser(prog=f"npuport {name}", description=line, allow_abbrev=False)
        module.add_arguments(parser)
        more = (inspect.getdoc(module) or "").partition("\n\n")[2]
        sections.append(f"## npuport {name}\n\n{_sentence(line)}\n\n{prose(more)}{_arguments(parser)}")
    return "\n" + "\n".join(sections) + "\n"


def prose(text: str) -> str:
    """The paragraphs of a docstring as Markdown; an indented one becomes a block of text."""
    parts = [part for part in text.strip().split("\n\n") if part.strip()]
    shown = [f"```text\n{part}\n```" if part.startswith("    ") else part for part in parts]
    return "".join(f"{part}\n\n" for part in shown)


def _arguments(parser: argparse.ArgumentParser) -> str:
    usage = re.sub(r"\s+", " ", parser.format_usage().removeprefix("usage: ")).strip()
    text = f"```text\n{usage.replace(' [-h]', '')}\n```\n"
    rows = [
        (_flags(action), _help(action))
        for action in parser._actions
        if action.dest not in ("help", "json") and not isinstance(action, argparse._SubParsersAction)
    ]
    if rows:
        text += "\n" + table(("Argument", ""), rows)
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            helps = {choice.dest: choice.help for choice in action._choices_actions}
            for verb, inner in action.choices.items():
                text += f"\n### {inner.prog}\n\n{_sentence(helps.get(verb) or '')}\n\n{_arguments(inner)}"
    return text


def _flags(action: argparse.Action) -> str:
    value = action.metavar or ("|".join(map(str, action.choices)) if action.choices else action.dest.upper())
    value = " ".join(value) if isinstance(value, tuple) else value
    if not action.option_strings:
        return code(value)
    return ", ".join(
        code(f"{flag} {value}".strip() if action.nargs != 0 else flag) for flag in action.option_strings
    )


def _help(action: argparse.Action) -> str:
    text = (
        (action.help or "").replace("%(default)s", str(action.default)).replace("%%", "%").replace("|", "\\|")
    )
    more = "; may be given more than once" if type(action).__name__ == "_AppendAction" else ""
    return text + ("" if "more than once" in text else more)


def _sentence(text: str) -> str:
    first = text if "." in text.split(" ")[0] else text[:1].upper() + text[1:]
    return f"{first}." if text else ""


def exit_codes() -> str:
    """The exit codes as a table, from the docstring of `npuport.cli`."""
    from npuport import cli

    text = " ".join((inspect.getdoc(cli) or "").partition("Exit codes:")[2].split())
    codes = re.findall(r"\b(\d+) (.+?)(?=; |\. |, \d|\.$)", text)
    return "\n" + table(("Code", "Means"), ((code(number), meaning) for number, meaning in codes)) + "\n"


# Adapter


def protocol() -> str:
    """The members of `EntryPoint` and `Adapter`, with their docstrings and comments."""
    source = (ROOT / "tools" / "npuport" / "adapter.py").read_text(encoding="utf-8")
    lines = source.split("\n")
    parts = ["\n"]
    for wanted in ("EntryPoint", "Adapter"):
        node = next(n for n in ast.parse(source).body if isinstance(n, ast.ClassDef) and n.name == wanted)
        parts.append(f"## {wanted}\n\n{_contract(ast.get_docstring(node) or '')}")
        for member in node.body:
            if isinstance(member, ast.AnnAssign) and wanted == "Adapter":
                what = lines[member.lineno - 2].strip().removeprefix("#: ")
                parts.append(f"### {ast.unparse(member.target)}\n\n`{ast.unparse(member)}`\n\n{what}\n\n")
            if isinstance(member, ast.FunctionDef):
                returns = f" -> {ast.unparse(member.returns)}" if member.returns else ""
                call = f"def {member.name}({ast.unparse(member.args)}){returns}".replace("'", "")
                doc = _contract(ast.get_docstring(member) or "")
                parts.append(f"### {member.name}\n\n```python\n{call}\n```\n\n{doc}")
    return "".join(parts)


def _contract(text: str) -> str:
    """A docstring as Markdown, with its `Args:` as a list."""
    text, _, arguments = text.partition("Args:\n")
    items = re.findall(r"^ {4}(\w+): (.+?)(?=^ {4}\w+: |\Z)", arguments + "\n", re.M | re.S)
    listed = "".join(f"- `{name}`: {' '.join(what.split())}\n" for name, what in items)
    return text.strip() + "\n\n" + (listed + "\n" if listed else "")


# Environment


def environment() -> str:
    """The environment variables that the code reads, as a table."""
    named: set[str] = set()
    for file in (ROOT / "tools").rglob("*.py"):
        if file != Path(__file__):
            named |= set(re.findall(r'"(NPUPORT_[A-Z_]+)"', file.read_text(encoding="utf-8")))
    if named != set(VARIABLES):
        sys.exit(f"error: {sorted(named ^ set(VARIABLES))}\nhint: describe what the code reads in {__file__}")
    return "\n" + table(("Variable", ""), ((code(name), VARIABLES[name]) for name in sorted(named))) + "\n"


def section(heading: str) -> Callable[[], str]:
    """Return a function that copies a section of softcann's README; tests compare it with the libraries."""

    def make() -> str:
        text = SIMULATOR.read_text(encoding="utf-8")
        return "\n" + text.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0].strip() + "\n\n"

    return make


# Rules


def audit_rules() -> str:
    """The rules of `npuport audit` as a table."""
    from npuport.audit.report import rule_table as rules

    return rules()


def lint_rules() -> str:
    """The rules of `npuport lint` as a table."""
    from npuport.lint.rules import LEVELS, RULES

    rows = ((code(rule.id), LEVELS[rule.id], rule.text, rule.help) for rule in RULES)
    return table(("Rule", "Level", "Finds", "Why, and what to do"), rows)


REGIONS: dict[str, Callable[[], str]] = {
    "commands": commands,
    "exit-codes": exit_codes,
    "adapter": protocol,
    "environment": environment,
    "simulator-switches": section("Switches"),
    "simulator-calls": section("Runtime calls"),
    "simulator-ops": section("Ops"),
    "simulator-precision": section("Precision"),
    "upstream.lock": lock,
    "weights.lock": weights_lock,
    "results.schema": schema("results"),
    "bench.schema": schema("bench"),
    "rebase.schema": schema("rebase"),
    "weights.schema": schema("weights"),
    "patches": patches,
    "audit-rules": audit_rules,
    "lint-rules": lint_rules,
}


#: Regions that are drawn from a table of the same page.
FIGURES = {"criteria-figure": figures.criteria, "gates-figure": figures.gates}


def written(text: str) -> str:
    """The text of a page with its regions written anew."""
    return _REGION.sub(
        lambda match: match[1] + (FIGURES[match[2]](text) if match[2] in FIGURES else REGIONS[match[2]]()),
        text,
    )


def main() -> int:
    """Write the schemas and the pages, or with `--check` print which are not current."""
    sys.path.insert(0, str(ROOT / "tools"))
    stale = []

    def update(file: Path, make: Callable[[str], str]) -> None:
        text = file.read_text(encoding="utf-8") if file.is_file() else ""
        new = make(text)
        if new != text:
            stale.append(file.relative_to(ROOT).as_posix())
            if "--check" not in sys.argv:
                file.write_text(new, encoding="utf-8")

    for name in SCHEMAS:  # first: pages show them as tables
        update(DOCS / f"{name}.schema.json", lambda _, name=name: schema_file(name))
    for page in sorted(DOCS.rglob("*.md")):
        update(page, written)
    print(
        "\n".join(f"{'stale' if '--check' in sys.argv else 'written'}: {name}" for name in stale) or "current"
    )
    return int(bool(stale) and "--check" in sys.argv)


if __name__ == "__main__":
    sys.exit(main())
