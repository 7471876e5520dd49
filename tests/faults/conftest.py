"""One durable PostgreSQL for all stories, on a small disk of its own where one can be mounted."""

import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.stand import Cluster, Prepared, Process, prepare

DISK_MEGABYTES = 700


@dataclass
class Stand:
    """The cluster, what was prepared in it, and the folder that everything stands in."""

    cluster: Cluster
    prepared: Prepared
    folder: Path
    small: bool  # whether the folder is a small disk of its own, that can be filled


@pytest.fixture(scope="session")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, bool]]:
    """A folder, and whether it is a disk of its own: a tmpfs, which takes root to mount."""
    folder = tmp_path_factory.mktemp("disk")
    mounted = mount(folder, DISK_MEGABYTES)
    yield folder, mounted
    if mounted:
        subprocess.run(["umount", "--lazy", folder], check=True)


def mount(folder: Path, megabytes: int) -> bool:
    """Make `folder` a disk of so many megabytes; False where that may not be."""
    if not shutil.which("mount"):
        return False
    folder.chmod(0o755)
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "tmpfs", str(folder)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.fixture(scope="session")
def stand(disk: tuple[Path, bool]) -> Iterator[Stand]:
    """The cluster and the template that each story's database is copied from."""
    folder, small = disk
    cluster = Cluster(folder / "pg")
    try:
        yield Stand(cluster, prepare(cluster, folder), folder, small)
    finally:
        cluster.stop()


@pytest.fixture(scope="session")
def shared(stand: Stand, tmp_path_factory: pytest.TempPathFactory) -> Iterator["Shared"]:
    """One API with three connections, for stories that leave it as it was; its files have a disk of 4 MB."""
    files = tmp_path_factory.mktemp("files")
    small = mount(files, 4)
    made = Processes(tmp_path_factory.mktemp("shared"), stand.cluster.database(), str(files))
    try:
        yield Shared(made.serve(POOL_SIZE="3"), made.url, files if small else None)
    finally:
        made.kill()
        if small:
            subprocess.run(["umount", "--lazy", files], check=True)


@dataclass
class Shared:
    """An API, its database, and the folder of its files where that is a small disk."""

    api: Process
    url: str
    files: Path | None


@pytest.fixture
def url(stand: Stand) -> str:
    """The address of a database of the story's own."""
    return stand.cluster.database()


@pytest.fixture
def processes(stand: Stand, url: str, tmp_path: Path) -> Iterator["Processes"]:
    """What starts processes of the register on the story's database, and ends them."""
    made = Processes(tmp_path, url, str(stand.folder / "files"))
    yield made
    made.kill()


class Processes:
    """The processes of one story."""

    def __init__(self, folder: Path, url: str, files: str) -> None:
        self.folder, self.url, self.files = folder, url, files
        self.all: list[Process] = []

    def start(self, command: str = "run", **settings: str) -> Process:
        """Start one, without waiting."""
        made = Process(self.folder, self.url, command, **{"FILES_DIR": self.files, **settings})
        self.all.append(made)
        made.start()
        return made

    def serve(self, **settings: str) -> Process:
        """Start an API, and wait until it serves."""
        made = self.start(**settings)
        made.wait()
        return made

    def kill(self) -> None:
        """End all that run."""
        for one in self.all:
            one.end(signal.SIGKILL)
