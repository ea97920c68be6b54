"""Which folders the demo takes for its own, and which it deletes."""

from pathlib import Path

import pytest

from api.database.errors import FolderRefused
from api.demo import home


def reset(folder: Path) -> bool:
    return home.reset(folder, pg_user="nobody", pg_bin=None)


def test_a_new_folder_becomes_the_demos(tmp_path: Path) -> None:
    assert home.claim(tmp_path / "a" / "demo")
    assert home.is_demo_folder(tmp_path / "a" / "demo")


def test_an_empty_folder_becomes_the_demos(tmp_path: Path) -> None:
    assert home.claim(tmp_path)
    assert home.is_demo_folder(tmp_path)


def test_the_demos_folder_is_taken_again(tmp_path: Path) -> None:
    home.claim(tmp_path)
    (tmp_path / "postgres").mkdir()
    assert not home.claim(tmp_path)


def test_a_folder_with_something_else_is_never_taken(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    with pytest.raises(FolderRefused, match="not the demo's"):
        home.claim(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["postgres"]


def test_a_file_in_the_way_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FolderRefused, match="Not a directory"):
        home.claim(tmp_path / "file" / "demo")


def test_a_reset_deletes_the_demos_folder(tmp_path: Path) -> None:
    home.claim(tmp_path / "demo")
    (tmp_path / "demo" / "api-key").touch()
    (tmp_path / "demo" / "deep" / "er").mkdir(parents=True)
    assert reset(tmp_path / "demo")
    assert not list(tmp_path.iterdir())


def test_a_reset_of_nothing_does_nothing(tmp_path: Path) -> None:
    assert not reset(tmp_path / "demo")


@pytest.mark.parametrize("marker", [None, "", "mine"])
def test_a_reset_refuses_any_other_folder(tmp_path: Path, marker: str | None) -> None:
    (tmp_path / "invoices.csv").touch()
    if marker is not None:
        (tmp_path / home.MARKER).write_text(marker)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(FolderRefused, match=r"not deleted: it is not the demo's"):
        reset(tmp_path)
    assert sorted(tmp_path.iterdir()) == before


def test_a_reset_follows_no_link(tmp_path: Path) -> None:
    home.claim(tmp_path / "demo")
    (tmp_path / "link").symlink_to(tmp_path / "demo")
    with pytest.raises(FolderRefused, match="not deleted"):
        reset(tmp_path / "link")
    assert home.is_demo_folder(tmp_path / "demo")


def test_a_marker_that_is_a_link_marks_nothing(tmp_path: Path) -> None:
    home.claim(tmp_path / "demo")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / home.MARKER).symlink_to(tmp_path / "demo" / home.MARKER)
    assert not home.is_demo_folder(tmp_path / "other")


def test_a_link_in_the_folder_is_deleted_but_not_followed(tmp_path: Path) -> None:
    home.claim(tmp_path / "demo")
    (tmp_path / "kept").mkdir()
    (tmp_path / "demo" / "link").symlink_to(tmp_path / "kept")
    assert reset(tmp_path / "demo")
    assert (tmp_path / "kept").is_dir()


def test_the_key_is_made_once_and_for_the_owner_alone(tmp_path: Path) -> None:
    home.claim(tmp_path)
    key = home.api_key(tmp_path)
    assert key.startswith("sk_test_")
    assert home.api_key(tmp_path) == key
    assert (tmp_path / "api-key").stat().st_mode & 0o777 == 0o600


def test_the_demos_folder_is_not_that_of_serve() -> None:
    from api.settings import default_data_dir

    demo, serve = home.default_demo_dir(), default_data_dir()
    assert demo != serve
    assert serve not in demo.parents
    assert demo not in serve.parents
