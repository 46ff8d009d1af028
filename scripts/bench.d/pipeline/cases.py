"""What is measured, and the files of each case: the same bytes on every machine, kept for later runs."""

import random
import shutil
import sys
from dataclasses import dataclass

MB = 1 << 20
# Counts up when a file's bytes change.
VERSION = "1"
HEADER = b"timestamp,visitorid,event,itemid,transactionid\n"
BLOCK = 8 * MB


@dataclass(frozen=True)
class Case:
    name: str
    files: int
    bytes: int
    # How often it runs beside the bare conversion; what counts is the median.
    pairs: int


CASES = [
    Case("small", 10_000, 2_000, 1),
    Case("medium", 16, 64 * MB, 3),
    Case("large", 1, 2_048 * MB, 3),
]


def files_of(case, scale, inputs):
    """The folder of a case. Small files are scaled by their number, others by their size."""
    few = case.bytes < MB
    count = max(1, round(case.files * scale)) if few else case.files
    size = case.bytes if few else max(len(HEADER) + 100, round(case.bytes * scale))
    folder = inputs / f"{case.name}-{count}-{size}-{VERSION}"
    if (folder / "complete").exists():
        return folder / "files"
    print(f"{case.name}: making {count} files of {size} bytes", file=sys.stderr)
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "files").mkdir(parents=True)
    block = rows(random.Random(7), min(size, BLOCK))
    for number in range(count):
        write(folder / "files" / f"events_{number:05}.csv", number, size, block)
    (folder / "complete").touch()
    return folder / "files"


def write(path, number, size, block):
    """A row that no other file has, then the block as often as it takes, cut at a row's end."""
    with open(path, "wb") as file:
        left = size - file.write(HEADER) - file.write(f"{1_433_221_332_117 + number},{number},view,{number},\n".encode())
        while left > 0:
            part = block if len(block) <= left else block[:block.rfind(b"\n", 0, left) + 1]
            if not part:
                return
            left -= file.write(part)


def rows(dice, size):
    """Events as the example of retail has them."""
    lines, length, at = [], 0, 1_433_221_332_117
    while length < size:
        at += dice.randrange(5_000)
        kind = dice.choices(["view", "addtocart", "transaction"], [96, 3, 1])[0]
        sold = dice.randrange(17_672) if kind == "transaction" else ""
        lines.append(f"{at},{dice.randrange(1_407_580)},{kind},{dice.randrange(466_868)},{sold}\n".encode())
        length += len(lines[-1])
    return b"".join(lines)
