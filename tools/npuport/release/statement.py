"""What a bundle was made from: an in-toto statement (v1) with a SLSA provenance predicate (v1).

It ties the bundle's files to the lock, the series, the ported tree, the adapter and the results. It is not
signed: who publishes a bundle signs SHA256SUMS with a key of his own.

https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md
https://slsa.dev/spec/v1.0/provenance
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from npuport import __version__
from npuport.base.errors import PortError
from npuport.release.contents import Subject, dumped
from npuport.release.source import File
from npuport.release.sums import digest

NAME = "provenance.intoto.json"
STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://slsa.dev/provenance/v1"
#: Names this way of building: `external` says of what, the harness's version says how.
BUILD_TYPE = "urn:npuport:release:1"

#: Files of the bundle that decided the rest of it, and are named as what it was made from.
MATERIALS = ("eval/upstream.lock", "eval/patches/series", "eval/adapter.py", "eval/release/release.toml")
RESULTS = ("results/parity.json", "results/benchmark.json")


def provenance(subject: Subject, files: Mapping[str, File]) -> bytes:
    """The statement on a bundle that holds these files besides it and the sums."""
    lock, evidence = subject.lock, subject.evidence
    sums = {path: digest(file.data) for path, file in files.items()}
    materials = [*MATERIALS, *(f"eval/patches/{patch.name}" for patch in subject.patches)]
    versions = evidence.parity["versions"]
    return dumped(
        {
            "_type": STATEMENT,
            "subject": [{"name": path, "digest": {"sha256": sums[path]}} for path in sorted(sums)],
            "predicateType": PREDICATE,
            "predicate": {
                "buildDefinition": {
                    "buildType": BUILD_TYPE,
                    "externalParameters": external(subject),
                    "internalParameters": {"npuport": __version__},
                    "resolvedDependencies": [
                        {
                            "name": "upstream",
                            "uri": _git(lock.url, lock.commit),
                            "digest": {"gitCommit": lock.commit, "gitTree": lock.tree},
                        },
                        {
                            "name": "ported tree",
                            "digest": {"gitCommit": lock.ported_commit, "gitTree": lock.ported_tree},
                        },
                        *({"name": path, "digest": {"sha256": sums[path]}} for path in materials),
                        *(
                            {
                                "name": name,
                                "uri": f"pkg:pypi/{name.lower().replace('_', '-')}@{versions[name]}",
                            }
                            for name in sorted(versions)
                            if versions[name] and name not in ("npuport", "python")
                        ),
                    ],
                },
                "runDetails": {
                    "builder": {"id": f"urn:npuport:{__version__}", "version": {"npuport": __version__}},
                    "metadata": {"startedOn": evidence.parity["started"], "finishedOn": evidence.finished},
                    "byproducts": [{"name": path, "digest": {"sha256": sums[path]}} for path in RESULTS],
                },
            },
        }
    )


def external(subject: Subject) -> dict[str, Any]:
    """What whoever asked for the bundle decided."""
    return {
        "model": subject.model.name,
        "title": subject.title,
        "device": dict(subject.evidence.device),
        "weights": subject.evidence.parity["weights"],
    }


def read_provenance(path: Path) -> dict[str, Any]:
    """A bundle's statement.

    Raises:
        PortError: it is missing, or not such a statement.
    """
    try:
        data = json.loads(path.read_bytes())
        definition = data["predicate"]["buildDefinition"]
        good = (data["_type"], data["predicateType"], definition["buildType"]) == (
            STATEMENT,
            PREDICATE,
            BUILD_TYPE,
        )
        dict(definition["externalParameters"])
        {one["name"]: one["digest"]["sha256"] for one in data["subject"]}
    except FileNotFoundError as error:
        raise PortError(f"{path} is missing", hint="name a bundle's directory") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PortError(f"{path} is no provenance statement: {error}", hint="get the bundle anew") from error
    if not good:
        raise PortError(f"{path} was made by another kind of build", hint="check it with what made it")
    return dict(data)


def _git(url: str, commit: str) -> str:
    return f"git+{url}@{commit}" if "://" in url else f"git+file:{url}@{commit}"
