"""What no converter can be faster than: reading the text and finding its lines; and zstd alone.
Of a gzip file the text is inflated by zlib first, and that is counted with the lines.

    python floor.py FILE

Prints JSON with CPU seconds of each. zstd compresses the text itself, in 1 MiB pieces at level 1; a
columnar page is smaller than its text, so this is an upper bound of what compression has to cost.
"""

import json
import sys
import time
import zlib

import pyarrow

BLOCK = 1 << 20


def main():
    lines, compressed = 0.0, 0.0
    codec = pyarrow.Codec("zstd", compression_level=1)
    blocks = inflated if sys.argv[1].endswith(".gz") else plain
    start = time.process_time()
    for block in blocks(sys.argv[1]):
        block.count(b"\n")    # memchr
        found = time.process_time()
        codec.compress(block)
        lines, compressed, start = lines + found - start, compressed + time.process_time() - found, time.process_time()
    print(json.dumps({"lines_cpu": lines, "zstd_cpu": compressed}))


def plain(path):
    with open(path, "rb", buffering=0) as file:
        while block := file.read(BLOCK):
            yield block


def inflated(path):
    inflate = zlib.decompressobj(wbits=31)
    for block in plain(path):
        yield inflate.decompress(block)


main()
