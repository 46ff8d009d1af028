"""Writes inputs that are large in one way each: `large.py FOLDER NAME...`.

Those of the benchmark come from scripts/bench.d; here is what no benchmark has.
"""

import gzip
import pathlib
import sys


def one_row(file):
    """A row of 300 MB between two others."""
    with open(file, "wb") as out:
        out.write(b"1,a\n2,")
        for _ in range(300):
            out.write(b"x" * 1_000_000)
        out.write(b"\n3,c\n")


def quoted_row(file):
    """A quoted field of 100 MB, with line breaks in it."""
    with open(file, "wb") as out:
        out.write(b'1,a\n2,"')
        for _ in range(100):
            out.write(b"line\n" * 200_000)
        out.write(b'"\n3,c\n')


def no_line_end(file):
    """150 MB of fields, and nowhere a line end."""
    with open(file, "wb") as out:
        for _ in range(150):
            out.write(b"1,abcdefg," * 100_000)


def many_columns(file):
    """100 MB in 10,000 columns."""
    row = b",".join(b"%d" % (column * 7919 % 100_003) for column in range(10_000)) + b"\n"
    with open(file, "wb") as out:
        for _ in range(100_000_000 // len(row)):
            out.write(row)


def carriage_returns(file):
    """100 MB whose lines end with CR, which is read the slow way."""
    with open(file, "wb") as out:
        for _ in range(100):
            out.write(b"12345,abc\r" * 100_000)


def bad_rows(file):
    """100 MB of bad rows."""
    with open(file, "wb") as out:
        for _ in range(100):
            out.write((b"no number,".ljust(99, b".") + b"\n") * 10_000)


def bomb(file):
    """4 GB of text in 4 MB, as 40 members."""
    member = gzip.compress(b"0,a\n" * 25_000_000, mtime=0)
    with open(file, "wb") as out:
        for _ in range(40):
            out.write(member)


MAKERS = {"one_row": one_row, "quoted_row": quoted_row, "no_line_end": no_line_end, "bad_rows": bad_rows,
          "many_columns": many_columns, "carriage_returns": carriage_returns, "bomb": bomb}

if __name__ == "__main__":
    for name in sys.argv[2:]:
        MAKERS[name](pathlib.Path(sys.argv[1]) / f"{name}.csv")
