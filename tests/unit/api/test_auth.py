"""Development tokens: what holds and what does not."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from api.auth import Unauthenticated, make_token, subject_of, token_secret
from kgqa.settings import ApiSettings, Settings

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


def test_a_token_proves_its_subject() -> None:
    token = make_token("user:ivy", "secret", LATER)
    assert subject_of(f"Bearer {token}", "secret", NOW) == "user:ivy"


def test_no_header_is_public() -> None:
    assert subject_of(None, "secret", NOW) == "public"


def _forged() -> str:
    """ivy's signature under omar's name."""
    _, payload, signature = make_token("user:ivy", "secret", LATER).split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    changed = base64.urlsafe_b64encode(json.dumps({**claims, "sub": "user:omar"}).encode()).decode().rstrip("=")
    return f"Bearer v1.{changed}.{signature}"


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer v1",
        "Bearer v1..",
        "Bearer v1.e30.e30",
        "Bearer v1.ü.ü",
        "Bearer v2." + make_token("user:ivy", "secret", LATER)[3:],
        "Basic " + make_token("user:ivy", "secret", LATER),
        "Bearer " + make_token("user:ivy", "other secret", LATER),
        "Bearer " + make_token("user:ivy", "secret", NOW),
        "Bearer " + make_token("user:ivy", "secret", LATER)[:-3],
        "Bearer " + "v1." + "a" * 100_000,
        _forged(),
    ],
    ids=lambda header: header[:24],
)
def test_what_does_not_hold_is_refused_and_never_public(header: str) -> None:
    with pytest.raises(Unauthenticated):
        subject_of(header, "secret", NOW)


@pytest.mark.parametrize("subject", ["public", "group:internal", "user:", "user:a b", "ivy", "user:" + "a" * 101])
def test_tokens_are_only_made_for_users(subject: str) -> None:
    with pytest.raises(ValueError, match="not user:NAME"):
        make_token(subject, "secret", LATER)


def test_the_secret_is_made_once_and_closed_to_others(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    secret = token_secret(settings)
    assert len(secret) >= 24
    assert token_secret(settings) == secret
    file = tmp_path / "home" / "secrets" / "api-token"
    assert file.stat().st_mode & 0o077 == 0
    configured = settings.model_copy(update={"api": ApiSettings.model_validate({"token_secret": "given"})})
    assert token_secret(configured) == "given"
