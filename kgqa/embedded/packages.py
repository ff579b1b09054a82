"""Where the programs are that come inside Python packages, found without importing those packages.

Their own modules do things when imported (create lock files, warn about deprecated parts); the files are all we need.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

from kgqa.errors import ConfigurationError


def package_directory(name: str) -> Path:
    """The directory of an installed package."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise ConfigurationError(f"The package {name} is not installed.", hint="start kgqa with ./run kgqa.")
    return Path(spec.origin).parent
