"""What a bundle was made from: an in-toto statement (v1) with a SLSA provenance predicate (v1).

It ties the bundle's files to the lock, the series, the ported tree, the adapter and the results. It is not
signed: the publisher of a bundle signs SHA256SUMS with a key of their own.

https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md
https://slsa.dev/spec/v1.0/provenance
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from npuport import __version__
from npuport.base.errors import PortError
from npuport.release.contents import dumped
from npuport.release.inputs import BundleInputs
from npuport.release.source import BundleFile
from npuport.release.sums import digest

NAME = "provenance.intoto.json"
STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://slsa.dev/provenance/v1"
#: The name of this kind of build. `external` gives its parameters, npuport's version the rest.
BUILD_TYPE = "urn:npuport:release:1"

#: Files of the bundle that determine the rest of it; they are named as its materials.
MATERIALS = ("eval/upstream.lock", "eval/patches/series", "eval/adapter.py", "eval/release/release.toml")
RESULTS = ("results/parity.json", "results/benchmark.json")


@dataclass(frozen=True)
class Statement:
    """What a bundle's statement says.

    Args:
        digests: SHA-256 by path, of every file but the statement and SHA256SUMS.
        external: the parameters of the build; see `external`.
        npuport: the version that made the bundle; None where it is not named.
    """

    digests: Mapping[str, str]
    external: Mapping[str, object]
    npuport: str | None


def provenance(inputs: BundleInputs, files: Mapping[str, BundleFile]) -> bytes:
    """The statement of a bundle that holds these files besides it and SHA256SUMS."""
    lock, evidence = inputs.lock, inputs.evidence
    sums = {path: digest(file.data) for path, file in files.items()}
    materials = [*MATERIALS, *(f"eval/patches/{patch.name}" for patch in inputs.patches)]
    packages = {
        name: version
        for name, version in sorted(evidence.parity["versions"].items())
        if version and name not in ("npuport", "python")
    }
    return dumped(
        {
            "_type": STATEMENT,
            "subject": [{"name": path, "digest": {"sha256": sums[path]}} for path in sorted(sums)],
            "predicateType": PREDICATE,
            "predicate": {
                "buildDefinition": {
                    "buildType": BUILD_TYPE,
                    "externalParameters": external(inputs),
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
                            {"name": name, "uri": f"pkg:pypi/{name.lower().replace('_', '-')}@{version}"}
                            for name, version in packages.items()
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


def external(inputs: BundleInputs) -> dict[str, object]:
    """The parameters that the user chose."""
    return {
        "model": inputs.model.name,
        "title": inputs.title,
        "device": inputs.evidence.device,
        "weights": inputs.evidence.parity["weights"],
    }


def read_provenance(path: Path) -> Statement:
    """Read a bundle's statement.

    Raises:
        PortError: it is missing, or of another form.
    """
    try:
        data = json.loads(path.read_bytes())
        definition = data["predicate"]["buildDefinition"]
        kind = data["_type"], data["predicateType"], definition["buildType"]
        statement = Statement(
            {one["name"]: one["digest"]["sha256"] for one in data["subject"]},
            dict(definition["externalParameters"]),
            definition.get("internalParameters", {}).get("npuport"),
        )
    except FileNotFoundError as error:
        raise PortError(f"{path} is missing", hint="name a bundle's directory") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise PortError(
            f"{path} is not a provenance statement: {error}", hint="download the bundle again"
        ) from error
    if kind != (STATEMENT, PREDICATE, BUILD_TYPE):
        raise PortError(f"{path} is of another kind of build", hint="check it with the program that made it")
    return statement


def _git(url: str, commit: str) -> str:
    return f"git+{url}@{commit}" if "://" in url else f"git+file:{url}@{commit}"
