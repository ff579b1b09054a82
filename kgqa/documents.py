"""Writes the documents that are made from code: docs/settings.md, .env.example, the GraphQL and SQL schemas.

`python -m kgqa.documents` writes the first two; the schemas need the API and a server and say how they are made.
Tests compare what is committed with what this makes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from kgqa.settings import Settings

ROOT = Path(__file__).parent.parent


def fields() -> Iterator[tuple[str, FieldInfo]]:
    """(environment variable, field) of every setting, in order."""
    for name, info in Settings.model_fields.items():
        if isinstance(info.default, BaseModel):
            for inner, inner_info in type(info.default).model_fields.items():
                yield f"KGQA_{name}__{inner}".upper(), inner_info
        else:
            yield f"KGQA_{name}".upper(), info


def default_of(info: FieldInfo) -> str:
    """The default as one writes it in the environment."""
    if info.default_factory is not None:
        return ""  # it depends on the user, and the description says how
    value = info.default
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def settings_page() -> str:
    """docs/settings.md."""
    lines = [
        "# Settings",
        "",
        "Made by `./run python -m kgqa.documents` from `kgqa/settings.py`; do not edit.",
        "",
        "Every setting is an environment variable. A secret may be given as a file: `KGQA_POSTGRES__URL_FILE=/path`.",
        "All problems are reported at once. An empty URL means the embedded server.",
        "",
        "| variable | default | meaning |",
        "|---|---|---|",
    ]
    lines += [f"| `{name}` | `{default_of(info)}` | {info.description} |" for name, info in fields()]
    return "\n".join(lines).replace("| `` |", "| |") + "\n"


def example_environment() -> str:
    """.env.example."""
    lines = ["# Made by `./run python -m kgqa.documents`; every setting with its default. See docs/settings.md."]
    for name, info in fields():
        lines += ["", f"# {info.description}", f"#{name}={default_of(info)}"]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write both."""
    (ROOT / "docs" / "settings.md").write_text(settings_page(), encoding="utf-8")
    (ROOT / ".env.example").write_text(example_environment(), encoding="utf-8")


if __name__ == "__main__":
    main()
