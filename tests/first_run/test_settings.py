"""Settings from the environment: what is read, what is refused."""

from pathlib import Path

import pytest

from api.settings import SettingsError, load_settings


def test_settings_have_the_contracts_defaults() -> None:
    settings = load_settings()
    assert settings.finalization_grace_seconds == 3600
    assert settings.host == "127.0.0.1"
    assert settings.database_url is None


def test_the_environment_is_read_and_flags_stand_above_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TALLYBOOK_PORT", "4300")
    monkeypatch.setenv("TALLYBOOK_WORKERS", "3")
    monkeypatch.setenv("DATABASE_URL", "postgresql://app@db/tally")
    settings = load_settings(port=4400, workers=None)
    assert (settings.port, settings.workers) == (4400, 3)
    assert settings.database_url is not None
    assert settings.database_url.get_secret_value() == "postgresql://app@db/tally"


def test_a_misspelt_variable_is_refused_with_the_nearest_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TALLYBOOK_FINALISATION_GRACE_SECONDS", "60")
    with pytest.raises(SettingsError, match="TALLYBOOK_FINALIZATION_GRACE_SECONDS"):
        load_settings()


def test_a_value_that_does_not_fit_names_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TALLYBOOK_PORT", "70000")
    with pytest.raises(SettingsError, match="TALLYBOOK_PORT: Input should be less than"):
        load_settings()


@pytest.mark.parametrize("variable", ["TALLYBOOK_API_KEY", "DATABASE_URL"])
def test_a_secret_can_come_from_a_file_but_not_from_two_places(
    variable: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("sk_test_from_a_file\n")
    monkeypatch.setenv(f"{variable}_FILE", str(secret))
    settings = load_settings()
    value = settings.api_key if variable == "TALLYBOOK_API_KEY" else settings.database_url
    assert value is not None
    assert value.get_secret_value() == "sk_test_from_a_file"
    assert "sk_test_from_a_file" not in repr(settings)
    monkeypatch.setenv(variable, "sk_test_other")
    with pytest.raises(SettingsError, match="both set"):
        load_settings()


def test_a_secret_file_that_is_missing_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TALLYBOOK_API_KEY_FILE", str(tmp_path / "nowhere"))
    with pytest.raises(SettingsError, match=r"TALLYBOOK_API_KEY_FILE: .*nowhere"):
        load_settings()
