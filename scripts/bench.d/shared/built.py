"""Where benchmarks keep what they make, and how they build what they measure."""

import os
import pathlib
import platform
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[3]
BENCH = ROOT / "target" / "bench"
BUILD = BENCH / "build"


def cargo(profile, *what):
    command = ["cargo", "build", "--quiet", "--locked", "--profile", profile, *what, "--target-dir", str(BUILD)]
    subprocess.run(command, check=True, cwd=ROOT, env=environment())


# Always all of these, whatever of them is built: for others cargo would take other features of what they share, and
# compile the SDK and the engine for SQL once more, which takes most of an hour.
RELEASED = ["tarn", "tarn-handlers", "tarn-gold", "tarn-sql"]


def release(*targets):
    """Builds programs, or the examples of a package, as they are shipped."""
    cargo("release", *(word for package in RELEASED for word in ("-p", package)), *targets)


def environment():
    """The instructions that a release is built for, as in scripts/build."""
    shipped = {"RUSTFLAGS": "-C target-cpu=x86-64-v3"} if platform.machine() == "x86_64" else {}
    return os.environ | shipped


def table(head, lines):
    """Lines of cells as a table that people and Markdown can read."""
    lines = [head, *lines]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    padded = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths)) + " |" for line in lines]
    padded.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(padded)
