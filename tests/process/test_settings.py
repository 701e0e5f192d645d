"""Settings from the environment and the command line."""

from pathlib import Path

import pytest

from adaptive_stream.process.settings import Settings, SettingsError, read_settings

KEY = "0123456789abcdef"


def test_every_fault_is_told_at_once_and_no_secret_is(tmp_path: Path) -> None:
    """An operator mends all settings in one go, and the log does not hold the key."""
    environ = {
        "ADAPTIVE_STREAM_TENANT_KEY": "short-secret",
        "ADAPTIVE_STREAM_CLOCK": "sundial",
        "ADAPTIVE_STREAM_WEB_PORT": "http",
        "ADAPTIVE_STREAM_SECURITY": "SASL_SSL",
        "ADAPTIVE_STREAM_TOPICS": str(tmp_path / "nowhere"),
        "ADAPTIVE_STREAM_RULES": str(tmp_path),
    }
    with pytest.raises(SettingsError) as caught:
        read_settings({}, environ)
    faults = "\n".join(caught.value.faults)
    for word in ("TENANT_KEY: set", "CLOCK=sundial", "WEB_PORT=http", "SASL_USERNAME", "TOPICS="):
        assert word in faults
    assert len(caught.value.faults) == 5
    assert "short-secret" not in faults


def test_the_command_line_goes_before_the_environment(tmp_path: Path) -> None:
    """What is typed now means more than what was exported once."""
    environ = {
        "ADAPTIVE_STREAM_TENANT_KEY": KEY,
        "ADAPTIVE_STREAM_BOOTSTRAP": "old:9092",
        "ADAPTIVE_STREAM_SESSION_TIMEOUT_MS": "9000",
    }
    dirs = {"topics_dir": tmp_path, "rules_dir": tmp_path}
    settings = read_settings({"bootstrap": "new:9092", "clock": None, **dirs}, environ)
    assert (settings.bootstrap, settings.clock) == ("new:9092", "wall")
    assert settings.session_timeout_ms == 9000
    assert KEY not in repr(settings)


def test_the_fingerprint_of_a_tenant_key_tells_keys_apart_and_no_key() -> None:
    """It stands in a changelog that others may read, so it is short, stable and one-way."""
    tenant = Settings(tenant_key=KEY).tenant
    assert tenant == Settings(tenant_key=KEY).tenant
    assert tenant != Settings(tenant_key=KEY + "x").tenant
    assert len(bytes.fromhex(tenant)) == 8
