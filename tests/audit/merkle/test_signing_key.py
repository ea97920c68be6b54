"""The key that signs checkpoints: given by a setting, or made and found in the data folder."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import SecretStr

from api.audit.signing_key import NoSigningKey, signer_of
from api.settings import Settings, SettingsError, load_settings
from ledger.audit.merkle.notes import SigningKey

NAME = "tallybook/acct_default/1"


def settings_of(folder: Path, key: str | None = None) -> Settings:
    return Settings(data_dir=folder, signing_key=SecretStr(key) if key else None)


def test_a_key_that_is_set_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = SigningKey.generate()
    file = tmp_path / "key"
    file.write_text(f"{key.secret()}\n", encoding="ascii")
    monkeypatch.setenv("TALLYBOOK_SIGNING_KEY_FILE", str(file))

    signer = signer_of(load_settings(data_dir=tmp_path / "data"))

    assert signer.given
    assert signer.key.public(NAME) == key.public(NAME)
    assert not (tmp_path / "data").exists()


def test_without_one_a_key_is_made_that_only_its_owner_reads(tmp_path: Path) -> None:
    folder = tmp_path / "data"

    made, found = signer_of(settings_of(folder)), signer_of(settings_of(folder))

    assert not made.given
    assert made.key.public(NAME) == found.key.public(NAME)
    [file] = folder.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_of_many_who_make_one_at_once_all_have_the_same(tmp_path: Path) -> None:
    settings = settings_of(tmp_path / "data")

    with ThreadPoolExecutor(8) as pool:
        signers = list(pool.map(lambda _: signer_of(settings), range(32)))

    assert len({str(signer.key.public(NAME)) for signer in signers}) == 1
    assert [file.name for file in (tmp_path / "data").iterdir()] == ["signing-key"]


@pytest.mark.parametrize("text", ["secret", "c2hvcnQ="])
def test_what_is_no_key_is_refused_by_the_name_of_the_setting(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError, match="TALLYBOOK_SIGNING_KEY: A signing key is 32 bytes"):
        signer_of(settings_of(tmp_path, text))


def test_a_file_that_holds_no_key_is_named(tmp_path: Path) -> None:
    (tmp_path / "signing-key").write_text("gone", encoding="ascii")

    with pytest.raises(SettingsError, match="signing-key: A signing key is 32 bytes"):
        signer_of(settings_of(tmp_path))


def test_where_no_key_can_be_kept_the_setting_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="ascii")

    with pytest.raises(NoSigningKey, match="Set TALLYBOOK_SIGNING_KEY_FILE"):
        signer_of(settings_of(tmp_path / "file" / "data"))


def test_a_key_is_not_shown(tmp_path: Path) -> None:
    signer = signer_of(settings_of(tmp_path / "data"))

    assert signer.key.secret() not in repr(signer)
