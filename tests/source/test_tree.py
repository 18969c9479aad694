"""The files of a tree: the same from a directory and from its commit."""

from pathlib import Path
from typing import ClassVar

import pytest

from npuport.source.tree import LARGEST, read_commit, read_directory
from worlds.port import commit, git


class TestTree:
    FILES: ClassVar[dict[str, str | bytes | None]] = {
        "a.py": "x = 1\n",
        "run": "#!/bin/sh\ntrue\n",
        "README": "no ending, no script\n",
        "data.bin": b"\0\1",
        "sub/b.sh": "true\n",
        "conf.yaml": "a: 1\n",
        "requirements.txt": "torch\n",
        "notes.txt": "cuda\n",
        "node_modules/x.py": "x = 1\n",
        "big.py": b"#" * (LARGEST + 1),
    }
    READ: ClassVar[list[str]] = ["a.py", "conf.yaml", "requirements.txt", "run", "sub/b.sh"]

    @pytest.fixture
    def repository(self, tmp_path: Path) -> Path:
        git(tmp_path, "init", "--quiet", "--initial-branch=main")
        commit(tmp_path, self.FILES)
        (tmp_path / "run").chmod(0o755)
        (tmp_path / "link.py").symlink_to("a.py")
        (tmp_path / "gone.py").symlink_to("nowhere")
        commit(tmp_path, {})
        return tmp_path

    def test_a_directory_and_its_commit_are_the_same(self, repository: Path) -> None:
        files = read_directory(repository)
        assert list(files) == self.READ
        assert read_commit(repository, "HEAD") == files

    def test_an_environment_in_the_tree_is_left_out(self, repository: Path) -> None:
        environment = repository / "myenv"
        environment.mkdir()
        (environment / "pyvenv.cfg").touch()
        (environment / "x.py").touch()
        assert list(read_directory(repository)) == self.READ

    def test_a_loop_of_links_ends(self, tmp_path: Path) -> None:
        (tmp_path / "a").mkdir()
        (tmp_path / "a/up").symlink_to(tmp_path)
        (tmp_path / "a/b.py").touch()
        assert list(read_directory(tmp_path)) == ["a/b.py"]
