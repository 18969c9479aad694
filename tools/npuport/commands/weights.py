"""`npuport weights`: trained checkpoints, pinned in `weights.lock`."""

import argparse

from npuport.base.text import shown
from npuport.commands import Outcome, layout_of
from npuport.port.layout import Layout
from npuport.weights import cached, lock, resolve
from npuport.weights.fetch import size
from npuport.weights.lock import Pinned
from npuport.weights.pin import ABSENT, pin, verify

_SPEC = "hf:OWNER/NAME, modelscope:OWNER/NAME or openmind:OWNER/NAME, each with @REVISION if necessary"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    plain: type[argparse.ArgumentParser] = type(parser).__mro__[1]  # without the commands' late import
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True, parser_class=plain)
    for verb, line in {
        "pin": "download a model of a hub, verify it, and write its commit and hashes into weights.lock",
        "path": "print the directory of a pinned checkpoint; download it if it is not in the cache",
        "verify": "hash every pinned checkpoint in the cache",
        "list": "list the pinned checkpoints, and whether they are in the cache",
    }.items():
        one = verbs.add_parser(verb, help=line, description=line, allow_abbrev=False)
        one.add_argument(
            "--json", action="store_true", default=argparse.SUPPRESS, help="print one JSON object"
        )
        if verb in ("pin", "path"):
            one.add_argument(
                "spec", metavar="SPEC", help=_SPEC + (", or a directory" if verb == "path" else "")
            )
        if verb == "pin":
            one.add_argument("--revision", metavar="REF", help="branch, tag or commit (default: the newest)")


def run_weights(args: argparse.Namespace) -> Outcome:
    layout = layout_of(args)
    if args.verb == "pin":
        return _pin(layout, args)
    if args.verb == "path":
        return _path(layout, args)
    return _verify(layout, args) if args.verb == "verify" else _list(layout)


def _pin(layout: Layout, args: argparse.Namespace) -> Outcome:
    done = pin(layout, args.spec, args.revision, args.progress)
    now, before = done.pinned, done.before
    what = f"{now.model.source} at {now.revision}"
    if before is None:
        line = f"pinned {what}"
    elif before == now:
        line = f"already pinned: {what}"
    else:
        line = f"pinned {what}, before at {before.revision}"
    text = f"{line}\n  {len(now.files)} files, {size(now.size)}, verified: {shown(layout.weights_lock)}"
    data = _entry(now.model.source, now) | {"path": str(done.path), "changed": before != now}
    return Outcome(text, data)


def _path(layout: Layout, args: argparse.Namespace) -> Outcome:
    checkpoint = resolve(layout, args.spec, args.progress)
    return Outcome(str(checkpoint.path), {"path": str(checkpoint.path), **checkpoint.to_data()})


def _verify(layout: Layout, args: argparse.Namespace) -> Outcome:
    states = verify(layout, args.progress)
    good = set(states.values()) <= {"good", ABSENT}
    lines = [f"{source}  {state}" for source, state in states.items()]
    return Outcome("\n".join(lines) or "nothing is pinned", {"good": good, "weights": states}, int(not good))


def _list(layout: Layout) -> Outcome:
    entries, lines = [], []
    for source, pinned in lock.read(layout.weights_lock).items():
        slot = cached.place(pinned.model)
        state = "in the cache" if slot.exists else "not in the cache"
        lines.append(f"{source}  {pinned.ref} at {pinned.revision[:12]}, {size(pinned.size)}, {state}")
        entries.append(_entry(source, pinned) | {"path": str(slot.files) if slot.exists else None})
    return Outcome("\n".join(lines) or "nothing is pinned: npuport weights pin SPEC", {"weights": entries})


def _entry(source: str, pinned: Pinned) -> dict[str, object]:
    return {
        "source": source,
        "ref": pinned.ref,
        "revision": pinned.revision,
        "digest": pinned.digest,
        "files": len(pinned.files),
        "bytes": pinned.size,
    }
