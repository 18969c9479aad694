"""The bill of materials, CycloneDX 1.6: the source, its upstream and patches, and what it runs on."""

import importlib.metadata
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from npuport import __version__
from npuport.port.series import PatchFile
from npuport.release.contents import Subject
from npuport.release.source import File
from npuport.release.sums import digest

if TYPE_CHECKING:
    from cyclonedx.model.component import Component, Patch
    from cyclonedx.model.license import DisjunctiveLicense

NAME = "sbom.cdx.json"
#: Under which bundles have their serial numbers: a name-based UUID, so that the same bundle has the same.
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:npuport:sbom")


def sbom(subject: Subject, source: Mapping[str, File]) -> bytes:
    """The bill of a bundle.

    The component's pedigree names the upstream commit and quotes every patch; its parts are the source's
    files with their sha256. Packages are those that the source imports, at the versions of the run.
    """
    from cyclonedx.model.bom import Bom, BomMetaData
    from cyclonedx.model.component import Component, ComponentType
    from cyclonedx.model.tool import ToolRepository
    from cyclonedx.output.json import JsonV1Dot6

    ported = _ported(subject, source)
    versions = subject.evidence.parity["versions"]
    packages = [
        _package(name, str(versions[name])) for name in subject.release.requires if versions.get(name)
    ]
    harness = Component(name="npuport", version=__version__, type=ComponentType.APPLICATION)
    bill = Bom(
        serial_number=uuid.uuid5(
            _NAMESPACE, subject.title + subject.lock.ported_tree + subject.evidence.finished
        ),
        metadata=BomMetaData(
            component=ported,
            tools=ToolRepository(components=[harness]),
            timestamp=datetime.fromisoformat(subject.evidence.finished),
        ),
        components=packages,
    )
    bill.register_dependency(ported, packages)
    return (JsonV1Dot6(bill).output_as_string(indent=1) + "\n").encode()


def _ported(subject: Subject, source: Mapping[str, File]) -> "Component":
    from cyclonedx.model import HashAlgorithm, HashType
    from cyclonedx.model.component import Commit, Component, ComponentType, Pedigree
    from cyclonedx.model.license import DisjunctiveLicense

    lock = subject.lock
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
        name=subject.title,
        version=lock.ported_commit,
        type=ComponentType.MACHINE_LEARNING_MODEL,
        bom_ref=f"ported:{subject.title}",
        description=f"{name} at {lock.commit} with {len(lock.patches)} patches",
        licenses=[DisjunctiveLicense(name=f"upstream's own: {lock.license_file}")],
        components=files,
        pedigree=Pedigree(
            ancestors=[upstream],
            commits=[
                Commit(uid=lock.commit, message="the pin"),
                Commit(uid=lock.ported_commit, message="the port"),
            ],
            patches=[_patch(patch) for patch in subject.patches],
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

    found = _license(name, version)
    return Component(
        name=name,
        version=version,
        type=ComponentType.LIBRARY,
        bom_ref=f"pypi:{name}",
        purl=PackageURL("pypi", None, name.lower().replace("_", "-"), version),
        licenses=[found] if found else [],
    )


def _license(name: str, version: str) -> "DisjunctiveLicense | None":
    """A package's licence as its own metadata says it, where that version is installed."""
    from cyclonedx.model.license import DisjunctiveLicense

    try:
        metadata = importlib.metadata.metadata(name)
    except importlib.metadata.PackageNotFoundError:
        return None
    said = next((metadata[key] for key in ("License-Expression", "License") if metadata[key]), "").strip()
    same = importlib.metadata.version(name) == version
    return DisjunctiveLicense(name=said.splitlines()[0]) if same and said else None
