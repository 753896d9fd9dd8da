"""Keys that the site makes for itself."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rcm_site.secrets import derived_key, embedded_secret


def test_a_secret_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "secret_key"
    first = embedded_secret(path)
    assert embedded_secret(path) == first
    assert len(first) >= 50
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["secret_key"]


def test_processes_that_start_at_once_agree_on_one_secret(tmp_path: Path) -> None:
    path = tmp_path / "secret_key"
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(embedded_secret, [path] * 32))) == 1


def test_each_purpose_has_a_key_of_its_own() -> None:
    assert derived_key("secret", "jwt") != derived_key("secret", "audit")
    assert derived_key("secret", "jwt") == derived_key("secret", "jwt")
