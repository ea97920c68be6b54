"""Files that commands write: whole or not at all."""

import os
import stat
from pathlib import Path

import pytest

from api.cli.files import whole_file


def test_what_stood_there_stays_until_the_new_file_is_whole(tmp_path: Path) -> None:
    file = tmp_path / "pack.zip"
    file.write_bytes(b"before")
    with pytest.raises(KeyboardInterrupt):
        _interrupted(file)
    assert file.read_bytes() == b"before"
    with whole_file(file) as written:
        written.write(b"after")
    assert file.read_bytes() == b"after"
    assert list(tmp_path.iterdir()) == [file]


def test_a_link_is_followed_and_rights_stay(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_bytes(b"before")
    target.chmod(0o640)
    link.symlink_to(target)
    with whole_file(link) as written:
        written.write(b"after")
    assert link.is_symlink()
    assert target.read_bytes() == b"after"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


def test_a_device_or_a_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with whole_file(pipe) as written:
            written.write(b"through")
        assert os.read(reading, 100) == b"through"
    finally:
        os.close(reading)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError), whole_file(tmp_path) as written:
        written.write(b"nothing")


def _interrupted(file: Path) -> None:
    with whole_file(file) as written:
        written.write(b"half of")
        raise KeyboardInterrupt
