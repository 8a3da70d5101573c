"""`python -m data_samples.draw`: draws the sample shop again, byte for byte the same."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from data_samples.draw.dataset import SHOP_COUNT, SHOP_SEED, write_shop


def main() -> int:
    """Reads the arguments and writes the shop."""
    parser = argparse.ArgumentParser(prog="python -m data_samples.draw", description=main.__doc__)
    parser.add_argument(
        "--out",
        type=Path,
        default=Path(__file__).resolve().parents[1],
        help="folder to write into (default: data_samples itself)",
    )
    parser.add_argument("--count", type=int, default=SHOP_COUNT, help="number of products")
    parser.add_argument("--seed", type=int, default=SHOP_SEED)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    write_shop(arguments.out, count=arguments.count, seed=arguments.seed)
    files = [
        path for path in arguments.out.rglob("*") if path.is_file() and "draw" not in path.parts
    ]
    size_mb = sum(path.stat().st_size for path in files) / 1e6
    sys.stdout.write(
        f"{arguments.count} products, {len(files)} files, {size_mb:.1f} MB in {arguments.out}\n"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
