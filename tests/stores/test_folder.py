"""What only a folder of a file system can do wrong: links, pipes, modes, other file systems, full disks."""

from __future__ import annotations

import errno
import os
import pickle
import socket
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from deident.engine.segments import SourceRange
from deident.errors import AlreadyExists, NotFound, PlaceProblem, Reason, Refusal, TransientProblem
from deident.stores import FolderStore, read_all
from deident.stores import files as files_module
from deident.stores.files import open_file, umask, write_file

ROOT = os.geteuid() == 0


def problems(store: FolderStore) -> dict[str, Reason | None]:
    return {entry.key: entry.problem for entry in store.list()}


def test_links_pipes_and_sockets_are_listed_as_no_files_and_never_followed(folder: FolderStore, tmp_path: Path) -> None:
    root = tmp_path / "store"
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_bytes(b"secret")
    folder.put("regular", b"x")
    (root / "link-to-file").symlink_to(tmp_path / "outside" / "secret")
    (root / "link-to-folder").symlink_to(tmp_path / "outside")
    (root / "dangling").symlink_to("nowhere")
    (root / "loop").symlink_to("loop")
    os.mkfifo(root / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(root / "socket"))
        expected = dict.fromkeys(
            ["dangling", "link-to-file", "link-to-folder", "loop", "pipe", "socket"], Reason.NOT_A_FILE
        )
        assert problems(folder) == {"regular": None, **expected}


@pytest.mark.parametrize("key", ["link-to-file", "link-to-folder", "pipe", "link-to-folder/secret", "sub", "regular/x"])
def test_what_is_no_file_is_refused_at_once_when_opened(folder: FolderStore, tmp_path: Path, key: str) -> None:
    root = tmp_path / "store"
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_bytes(b"secret")
    folder.put("regular", b"x")
    folder.put("sub/x", b"x")
    (root / "link-to-file").symlink_to(tmp_path / "outside" / "secret")
    (root / "link-to-folder").symlink_to(tmp_path / "outside")
    os.mkfifo(root / "pipe")
    with pytest.raises(Refusal) as caught:
        folder.open(key)
    assert caught.value.reason is Reason.NOT_A_FILE


def test_writing_never_goes_through_a_link(folder: FolderStore, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    folder.put("a", b"x")
    (tmp_path / "store" / "link").symlink_to(outside)
    (tmp_path / "store" / "name").symlink_to(outside / "target")
    with pytest.raises(PlaceProblem):
        folder.put("link/b", b"x")
    with pytest.raises(AlreadyExists):
        folder.put("name", b"x")
    folder.put("name", b"x", overwrite=True)
    assert not (tmp_path / "store" / "name").is_symlink()
    assert list(outside.iterdir()) == []


def test_a_root_that_is_a_link_is_used_because_the_user_named_it(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "alias").symlink_to("real")
    FolderStore(tmp_path / "alias").put("a", b"x")
    assert (tmp_path / "real" / "a").read_bytes() == b"x"


def test_names_that_are_no_utf_8_are_listed_and_open(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    with open(os.fsencode(tmp_path / "store") + b"/M\xfcller.dcm", "wb") as file:
        file.write(b"content")
    store = FolderStore(tmp_path / "store")
    (entry,) = store.list()
    assert read_all(store, entry.key) == b"content"


def test_a_folder_nested_beyond_reason_is_listed_as_a_problem(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    here = os.getcwd()
    try:
        os.chdir(tmp_path)
        for _ in range(300):
            os.mkdir("d")
            os.chdir("d")
    finally:
        os.chdir(here)
    (entry,) = store.list()
    assert entry.problem is Reason.LIMIT
    store.put("d/file", b"x")
    assert problems(store)["d/file"] is None


@pytest.mark.parametrize("mask", [0o022, 0o027, 0o077])
@pytest.mark.parametrize("unnamed", [True, False])
def test_the_umask_decides_the_modes_of_outputs(tmp_path: Path, mask: int, unnamed: bool) -> None:
    script = (
        "import os, sys; os.umask(int(sys.argv[1], 8))\n"
        "from deident.stores import FolderStore, files\n"
        "files._HAS_UNNAMED = sys.argv[3] == 'True'\n"
        "FolderStore(sys.argv[2]).put('p/x', b'1')\n"
        "FolderStore(sys.argv[2] + '/private', private=True).put('q/x', b'1')\n"
        "FolderStore(sys.argv[2]).copy_from(FolderStore(sys.argv[2] + '/private', private=True), 'q/x', 'p/copy')\n"
    )
    subprocess.run([sys.executable, "-c", script, oct(mask), str(tmp_path), str(unnamed)], check=True)
    modes = {str(p.relative_to(tmp_path)): stat.S_IMODE(p.stat().st_mode) for p in tmp_path.rglob("*")}
    assert modes["p"] == 0o777 & ~mask
    assert modes["p/x"] == modes["p/copy"] == 0o666 & ~mask
    assert modes["private"] == modes["private/q"] == 0o700


def test_private_files_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "store", private=True)
    store.put("a/b", b"x")
    assert stat.S_IMODE((tmp_path / "store" / "a" / "b").stat().st_mode) == 0o600


def test_nothing_is_visible_before_it_is_whole(folder: FolderStore, tmp_path: Path) -> None:
    seen: list[list[str]] = []

    def look():  # type: ignore[no-untyped-def]
        yield b"first" * 100_000
        seen.append([p.name for p in (tmp_path / "store").rglob("*") if p.is_file() and p.name == "whole"])
        yield b"second"

    folder.write("d/whole", look())
    assert seen == [[]]
    assert [p.name for p in (tmp_path / "store" / "d").iterdir()] == ["whole"]


@pytest.fixture
def without_unnamed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files_module, "_HAS_UNNAMED", False)


@pytest.mark.usefixtures("without_unnamed")
class TestWithoutUnnamedFiles:
    def test_named_temporaries_do_the_same_and_leave_nothing(self, folder: FolderStore, tmp_path: Path) -> None:
        folder.put("a", b"one")
        with pytest.raises(AlreadyExists):
            folder.put("a", b"two")
        folder.put("a", b"three", overwrite=True)
        assert read_all(folder, "a") == b"three"
        assert stat.S_IMODE((tmp_path / "store" / "a").stat().st_mode) == 0o666 & ~umask()
        assert os.listdir(tmp_path / "store") == ["a"]

    def test_a_failing_write_removes_its_temporary(self, folder: FolderStore, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match="needs the source"):
            folder.write("a", [b"x", SourceRange(0, 1)])
        assert os.listdir(tmp_path / "store") == []

    def test_a_file_system_without_hard_links_still_excludes(
        self, folder: FolderStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def no_links(*_: object, **__: object) -> None:
            raise OSError(errno.EPERM, "")

        monkeypatch.setattr(os, "link", no_links)
        folder.put("a", b"one")
        with pytest.raises(AlreadyExists):
            folder.put("a", b"two")
        assert read_all(folder, "a") == b"one"
        assert os.listdir(tmp_path / "store") == ["a"]


@pytest.mark.parametrize("code", [errno.EXDEV, errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP])
def test_where_the_kernel_cannot_copy_the_bytes_are_read_and_written(
    folder: FolderStore, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    content = os.urandom(2_500_000)
    folder.put("source", content)

    def refuse(*_: object, **__: object) -> int:
        raise OSError(code, "")

    monkeypatch.setattr(os, "copy_file_range", refuse)
    for name in ("sendfile", "blocks"):
        with folder.open("source") as source:
            folder.write(name, [b"head", SourceRange(7, len(content) - 7)], source)
        assert read_all(folder, name) == b"head" + content[7:]
        monkeypatch.setattr(os, "sendfile", refuse)


def test_a_copy_to_another_file_system_has_the_same_bytes(tmp_path: Path) -> None:
    if not os.access("/dev/shm", os.W_OK) or os.stat("/dev/shm").st_dev == tmp_path.stat().st_dev:
        return
    content = os.urandom(1_500_000)
    source = FolderStore(tmp_path / "source", private=True)
    source.put("a", content)
    target = Path("/dev/shm") / f"deident-test-{os.getpid()}"
    try:
        FolderStore(target).copy_from(source, "a", "b/c")
        assert (target / "b" / "c").read_bytes() == content
        assert (target / "b" / "c").stat().st_nlink == 1
    finally:
        for path in sorted(target.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        target.rmdir()


def test_only_private_folders_share_their_files_by_hard_link(tmp_path: Path) -> None:
    for private in (True, False):
        source = FolderStore(tmp_path / f"source-{private}", private=private)
        source.put("a", b"content")
        FolderStore(tmp_path / "target").copy_from(source, "a", f"copy-{private}")
        assert (tmp_path / "target" / f"copy-{private}").stat().st_nlink == (2 if private else 1)


def test_a_file_that_changes_while_it_is_copied_is_refused_and_nothing_appears(
    folder: FolderStore, tmp_path: Path
) -> None:
    original = tmp_path / "original"
    original.write_bytes(b"x" * 100_000)
    for change in (b"x" * 100_001, b"y" * 100_000):
        with open_file(str(original)) as source:
            os.utime(original, ns=(1, 1))
            original.write_bytes(change)
            with pytest.raises(Refusal) as caught:
                folder.write("a", [SourceRange(0, 100_000)], source)
        assert caught.value.reason is Reason.CHANGED
    assert not folder.exists("a")


def test_a_full_disk_may_pass_and_leaves_nothing(folder: FolderStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "no space", "/data/Doe^John")

    folder.put("a", b"x")
    with monkeypatch.context() as patch:
        patch.setattr(os, "writev", full)
        with pytest.raises(TransientProblem) as caught:
            folder.put("b", b"x")
    assert "Doe" not in str(caught.value)
    assert caught.value.__context__ is None
    assert problems(folder) == {"a": None}


def test_short_writes_are_continued(folder: FolderStore, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.writev
    monkeypatch.setattr(os, "writev", lambda fd, parts: real(fd, [b"".join(parts)[:3]]))
    folder.put("a", b"0123456789")
    assert read_all(folder, "a") == b"0123456789"


def deny(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Make opening anything called `name` fail as it does without permission (root, who may run the tests, has all)."""
    real = os.open

    def guarded(path: str, *args: int, **kwargs: int) -> int:
        if path == name:
            raise PermissionError(errno.EACCES, "", path)
        return real(path, *args, **kwargs)

    monkeypatch.setattr(os, "open", guarded)


def test_what_may_not_be_read_is_a_problem_of_that_entry_alone(
    folder: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.put("open/a", b"x")
    folder.put("closed/b", b"x")
    folder.put("secret", b"x")
    deny(monkeypatch, "closed")
    assert problems(folder) == {"open/a": None, "closed": Reason.UNREADABLE, "secret": None}
    deny(monkeypatch, "secret")
    with pytest.raises(Refusal) as caught:
        folder.open("secret")
    assert caught.value.reason is Reason.UNREADABLE


def test_a_destination_that_may_not_be_written_is_a_named_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(PlaceProblem):
        FolderStore(tmp_path / "file" / "store").put("a", b"x")
    deny(monkeypatch, ".")
    with pytest.raises(PlaceProblem):
        FolderStore(tmp_path / "store").put("a", b"x")


def test_a_folder_removed_by_another_process_is_made_again(folder: FolderStore, tmp_path: Path) -> None:
    folder.put("a/b/one", b"x")
    (tmp_path / "store" / "a" / "b" / "one").unlink()
    (tmp_path / "store" / "a" / "b").rmdir()
    with pytest.raises(NotFound):
        folder.open("a/b/one")
    folder.put("a/b/two", b"y")
    assert read_all(folder, "a/b/two") == b"y"


def test_deleting_removes_the_folders_it_empties_but_not_the_root(folder: FolderStore, tmp_path: Path) -> None:
    folder.put("a/b/c", b"x")
    folder.put("a/d", b"x")
    folder.delete("a/b/c")
    assert sorted(p.name for p in (tmp_path / "store" / "a").iterdir()) == ["d"]
    folder.delete("a/d")
    assert list((tmp_path / "store").iterdir()) == []


def test_a_store_pickles_as_its_root(folder: FolderStore) -> None:
    folder.put("a", b"x")
    again = pickle.loads(pickle.dumps(folder))
    assert read_all(again, "a") == b"x"


def test_descriptors_are_given_back(tmp_path: Path) -> None:
    def use() -> None:
        store = FolderStore(tmp_path / str(threading.get_ident()))
        for number in range(50):
            store.put(f"{number}/x", b"x", overwrite=True)
            read_all(store, f"{number}/x")
        assert len(list(store.list())) == 50

    before = len(os.listdir("/proc/self/fd"))
    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    use()
    assert len(os.listdir("/proc/self/fd")) <= before


def test_write_file_takes_a_path_or_a_descriptor(tmp_path: Path) -> None:
    assert write_file(str(tmp_path), "by-path", [b"one"]) == 3
    descriptor = os.open(tmp_path, os.O_RDONLY)
    try:
        assert write_file(descriptor, "by-descriptor", [b"four"]) == 4
    finally:
        os.close(descriptor)
    assert (tmp_path / "by-path").read_bytes() + (tmp_path / "by-descriptor").read_bytes() == b"onefour"


def test_a_killed_writer_leaves_no_file(tmp_path: Path) -> None:
    script = (
        "import os, signal, sys\n"
        "from deident.stores import FolderStore\n"
        "def parts():\n"
        "    yield b'x' * 1_000_000\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "FolderStore(sys.argv[1]).write('a', parts())\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False)
    assert done.returncode == -9
    assert list(tmp_path.iterdir()) == []
