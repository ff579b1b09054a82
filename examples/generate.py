"""Regenerates the example collection: `python -m examples.generate [--seed N] [--out DIR]`.

Seed 0 is the committed collection. Any other seed keeps the documents and changes the names, codes, numbers, dates
and facts, so that only an answerer that reads the documents answers right.
"""

import argparse
import shutil
from pathlib import Path

from examples.generator.collection import collection_files

HERE = Path(__file__).resolve().parent
_FOLDERS = ("lake", "broken", "beir")


def write_collection(seed: int, out: Path) -> int:
    """Writes the collection of a seed below `out`, replaces an earlier one there, and gives the number of files."""
    files = collection_files(seed)
    _remove_earlier(out)
    for path, data in files.items():
        target = out / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    return len(files)


def _remove_earlier(out: Path) -> None:
    """Removes an earlier collection, and nothing that this script did not write."""
    present = [out / folder for folder in _FOLDERS if (out / folder).exists()]
    if present and not (out / "lake" / "_access.json").is_file():
        raise SystemExit(f"{present[0]} exists and is not an earlier collection; choose another --out")
    for folder in present:
        shutil.rmtree(folder)


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description="Regenerate the example collection.")
    parser.add_argument("--seed", type=int, default=0, help="0 is the committed collection (default)")
    parser.add_argument("--out", type=Path, default=HERE, help="folder to write to (default: examples/)")
    options = parser.parse_args()
    count = write_collection(options.seed, options.out)
    print(f"wrote {count} files of seed {options.seed} to {options.out}")


if __name__ == "__main__":
    main()
