"""The bill of materials, CycloneDX 1.6: the source, its upstream and patches, and what it runs on."""

import importlib.metadata
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from npuport import __version__
from npuport.port.series import PatchFile
from npuport.release.inputs import BundleInputs
from npuport.release.source import BundleFile
from npuport.release.sums import digest

if TYPE_CHECKING:
    from cyclonedx.model.component import Component, Patch
    from cyclonedx.model.license import DisjunctiveLicense

NAME = "sbom.cdx.json"
#: Namespace of the bundles' serial numbers, which are name-based UUIDs: the same bundle has the same number.
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:npuport:sbom")


def sbom(inputs: BundleInputs, source: Mapping[str, BundleFile]) -> bytes:
    """The bill of materials of a bundle.

    The component's pedigree names the upstream commit and quotes every patch; its parts are the files of the
    source with their sha256. The packages are those that the source imports, at the versions of the run.
    """
    from cyclonedx.model.bom import Bom, BomMetaData
    from cyclonedx.model.component import Component, ComponentType
    from cyclonedx.model.tool import ToolRepository
    from cyclonedx.output.json import JsonV1Dot6

    ported = _ported(inputs, source)
    versions = inputs.evidence.parity["versions"]
    packages = [
        _package(name, str(versions[name])) for name in inputs.release.source.requires if versions.get(name)
    ]
    harness = Component(name="npuport", version=__version__, type=ComponentType.APPLICATION)
    bill = Bom(
        serial_number=uuid.uuid5(
            _NAMESPACE, inputs.title + inputs.lock.ported_tree + inputs.evidence.finished
        ),
        metadata=BomMetaData(
            component=ported,
            tools=ToolRepository(components=[harness]),
            timestamp=datetime.fromisoformat(inputs.evidence.finished),
        ),
        components=packages,
    )
    bill.register_dependency(ported, packages)
    return (JsonV1Dot6(bill).output_as_string(indent=1) + "\n").encode()


def _ported(inputs: BundleInputs, source: Mapping[str, BundleFile]) -> "Component":
    from cyclonedx.model import HashAlgorithm, HashType
    from cyclonedx.model.component import Commit, Component, ComponentType, Pedigree
    from cyclonedx.model.license import DisjunctiveLicense

    lock = inputs.lock
    files = [
        Component(
            name=path,
            type=ComponentType.FILE,
            bom_ref=f"file:{path}",
            hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest(file.data))],
        )
        for path, file in sorted(source.items())
    ]
    name = lock.url.rstrip("/").removesuffix(".git").rsplit("/", 1)[-1]
    upstream = Component(
        name=name, version=lock.commit, type=ComponentType.LIBRARY, bom_ref=f"upstream:{name}"
    )
    return Component(
        name=inputs.title,
        version=lock.ported_commit,
        type=ComponentType.MACHINE_LEARNING_MODEL,
        bom_ref=f"ported:{inputs.title}",
        description=f"{name} at {lock.commit} with {len(lock.patches)} patches",
        licenses=[DisjunctiveLicense(name=f"upstream's own: {lock.license_file}")],
        components=files,
        pedigree=Pedigree(
            ancestors=[upstream],
            commits=[
                Commit(uid=lock.commit, message="the pin"),
                Commit(uid=lock.ported_commit, message="the port"),
            ],
            patches=[_patch(patch) for patch in inputs.patches],
        ),
    )


def _patch(patch: PatchFile) -> "Patch":
    from cyclonedx.model import AttachedText
    from cyclonedx.model.component import Diff, Patch, PatchClassification

    text = AttachedText(content=patch.data.decode(errors="replace"), content_type="text/x-patch")
    return Patch(type=PatchClassification.UNOFFICIAL, diff=Diff(text=text))


def _package(name: str, version: str) -> "Component":
    from cyclonedx.model.component import Component, ComponentType
    from packageurl import PackageURL

    licence = _license(name, version)
    return Component(
        name=name,
        version=version,
        type=ComponentType.LIBRARY,
        bom_ref=f"pypi:{name}",
        purl=PackageURL("pypi", None, name.lower().replace("_", "-"), version),
        licenses=[licence] if licence else [],
    )


def _license(name: str, version: str) -> "DisjunctiveLicense | None":
    """A package's licence by its metadata; None where that version is not installed or names none."""
    from cyclonedx.model.license import DisjunctiveLicense

    try:
        metadata = importlib.metadata.metadata(name)
    except importlib.metadata.PackageNotFoundError:
        return None
    text = next((metadata[key] for key in ("License-Expression", "License") if metadata[key]), "").strip()
    same = importlib.metadata.version(name) == version
    return DisjunctiveLicense(name=text.splitlines()[0]) if same and text else None
