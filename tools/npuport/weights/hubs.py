"""The hubs: their names, their clients, and the variables that their clients read."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Hub:
    """A hub and its client.

    Args:
        title: its name in messages.
        package: its client's name for pip.
        branch: its default branch.
        endpoint: the client's variable that names a mirror.
        login: how the user gives the client a token.
        environment: variables that make the client quiet and its downloads resumable.
    """

    title: str
    package: str
    branch: str
    endpoint: str
    login: str
    environment: Mapping[str, str]


HUBS: Mapping[str, Hub] = {
    "hf": Hub(
        title="Hugging Face",
        package="huggingface_hub",
        branch="main",
        endpoint="HF_ENDPOINT",
        login="hf auth login, or HF_TOKEN",
        environment={
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
            "HF_HUB_DISABLE_UPDATE_CHECK": "1",
            "HF_HUB_VERBOSITY": "error",
        },
    ),
    "modelscope": Hub(
        title="ModelScope",
        package="modelscope_hub",
        branch="master",
        endpoint="MODELSCOPE_ENDPOINT",
        login="modelscope login, or MODELSCOPE_API_TOKEN",
        environment={
            "MODELSCOPE_LOG_LEVEL": "ERROR",
            "MODELSCOPE_DOWNLOAD_INTRA_CLOUD": "false",  # it would ask which cloud this machine is in
            "MODELSCOPE_DOWNLOAD_PARALLEL_WORKERS": "1",  # one stream is resumed byte by byte
            "MODELSCOPE_API_MAX_RETRIES": "2",  # its five take a quarter of a minute, silently
        },
    ),
    "openmind": Hub(
        title="openMind",
        package="openmind_hub",
        branch="main",
        endpoint="OPENMIND_HUB_ENDPOINT",
        login="OPENMIND_HUB_TOKEN",
        environment={"OM_HUB_DISABLE_PROGRESS_BARS": "1"},
    ),
}
