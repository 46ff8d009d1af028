"""Writes rows of every type into a file of silver: python things.py SILVER NUMBER"""

import datetime
import decimal
import os
import random
import sys

import pyarrow as pa
import pyarrow.parquet as pq

COLUMNS = [
    ("id", pa.int64()),
    ("yes", pa.bool_()),
    ("small", pa.int32()),
    ("real", pa.float32()),
    ("float", pa.float64()),
    ("price", pa.decimal128(9, 2)),
    ("exact", pa.decimal128(16, 3)),
    ("huge", pa.decimal128(38, 10)),
    ("day", pa.date32()),
    ("moment", pa.timestamp("ms")),
    ("precise", pa.timestamp("us")),
    ("words", pa.string()),
    ("bytes", pa.binary()),
]
WORDS = ["", "a", "ab", "abc", "Köln", "\U0001f30a wave", "x" * 70, "\uffff" * 40, "zz", "0"]


def main(silver, number):
    chance = random.Random(number)
    rows = [row(chance, number * 10_000 + nth) for nth in range(300)]
    folder = os.path.join(silver, "things")
    os.makedirs(folder, exist_ok=True)
    table = pa.table([list(column) for column in zip(*rows)], schema=pa.schema(COLUMNS))
    pq.write_table(table, os.path.join(folder, f"part-{number}.parquet"), compression="zstd")


def row(chance, key):
    def number(bits):
        return chance.choice([0, -1, 1, chance.randrange(-(2**bits), 2**bits), -(2**bits), 2**bits - 1])

    def exact(digits, scale):
        return decimal.Decimal(chance.randrange(-(10**digits) + 1, 10**digits)).scaleb(-scale, decimal.Context(prec=50))

    moment = datetime.datetime(1969, 12, 31, 22) + datetime.timedelta(microseconds=chance.randrange(0, 2 * 10**14))
    day = chance.choice([datetime.date(1970, 1, 1), datetime.date(1969, 12, 30), moment.date()])
    values = [
        chance.random() < 0.5,
        number(31),
        chance.choice([0.0, -1.5, 3.25, chance.randrange(-1000, 1000) / 8]),
        chance.choice([0.0, 1e300, -2.5, chance.uniform(-9, 9)]),
        exact(9, 2),
        exact(16, 3),
        exact(38, 10),
        day,
        moment.replace(microsecond=moment.microsecond // 1000 * 1000),
        moment,
        chance.choice(WORDS),
        chance.choice([b"", b"\x00", b"\xff\xff", bytes(range(80))]),
    ]
    return [key] + [None if chance.random() < 0.1 else value for value in values]


main(sys.argv[1], int(sys.argv[2]))
