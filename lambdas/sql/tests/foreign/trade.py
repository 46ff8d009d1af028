"""Writes a seeded trade into silver, eight tables of Parquet: python trade.py SILVER SCALE"""

import datetime
import decimal
import os
import random
import sys

import pyarrow as pa
import pyarrow.parquet as pq

RANDOM = random.Random("trade")
SEGMENTS = ["BUILDING", "FURNITURE", "MACHINERY", "HOUSEHOLD", "AUTOMOBILE"]
PRIORITIES = ["1-URGENT", "2-HIGH", "3-MEDIUM", "4-NOT SPECIFIED", "5-LOW"]
MODES = ["AIR", "MAIL", "SHIP", "TRUCK", "RAIL", "FOB", "REG AIR"]
INSTRUCTIONS = ["DELIVER IN PERSON", "COLLECT COD", "NONE", "TAKE BACK RETURN"]
CONTAINERS = [f"{size} {kind}" for size in ["SM", "MED", "LG", "JUMBO"] for kind in ["BOX", "BAG", "PACK", "CASE"]]
TYPES = [f"{a} {b} {c}" for a in ["PROMO", "SMALL", "LARGE", "ECONOMY"] for b in ["POLISHED", "BRUSHED"] for c in ["TIN", "STEEL", "BRASS", "COPPER"]]
COLOURS = ["green", "forest", "red", "blue", "ivory", "azure"]
NATIONS = [("FRANCE", 3), ("GERMANY", 3), ("BRAZIL", 1), ("CANADA", 1), ("CHINA", 2), ("INDIA", 2), ("JAPAN", 2), ("SAUDI ARABIA", 4), ("EGYPT", 4), ("KENYA", 0)]
REGIONS = ["AFRICA", "AMERICA", "ASIA", "EUROPE", "MIDDLE EAST"]
FIRST = datetime.date(1992, 1, 1)


def money(low, high):
    return decimal.Decimal(RANDOM.randint(low, high)) / 100


def day(low=0, high=2400):
    return FIRST + datetime.timedelta(days=RANDOM.randint(low, high))


def write(silver, name, columns, rows, files=1):
    folder = os.path.join(silver, name)
    os.makedirs(folder, exist_ok=True)
    schema = pa.schema(columns)
    for number in range(files):
        part = rows[number::files]
        table = pa.table([list(column) for column in zip(*part)] if part else [[] for _ in columns], schema=schema)
        pq.write_table(table, os.path.join(folder, f"part-{number}.parquet"), compression="zstd")


def main(silver, scale):
    text, whole, amount = pa.string(), pa.int64(), pa.decimal128(12, 2)
    suppliers, parts, customers, orders = 10 * scale, 60 * scale, 40 * scale, 300 * scale
    write(silver, "region", [("r_key", whole), ("r_name", text)], list(enumerate(REGIONS)))
    nations = [(key, name, region) for key, (name, region) in enumerate(NATIONS)]
    write(silver, "nation", [("n_key", whole), ("n_name", text), ("n_region", whole)], nations)
    rows = [(key, f"Supplier {key:05}", RANDOM.randrange(len(NATIONS)), money(-99999, 999999),
             RANDOM.choice(["fine", "Customer has Complaints, many", "quick", None])) for key in range(suppliers)]
    write(silver, "supplier", [("s_key", whole), ("s_name", text), ("s_nation", whole), ("s_balance", amount), ("s_comment", text)], rows)
    rows = [(key, f"Customer {key:06}", RANDOM.randrange(len(NATIONS)), f"{RANDOM.randint(10, 34)}-{RANDOM.randint(100, 999)}",
             money(-99999, 999999), RANDOM.choice(SEGMENTS)) for key in range(customers)]
    write(silver, "customer", [("c_key", whole), ("c_name", text), ("c_nation", whole), ("c_phone", text), ("c_balance", amount), ("c_segment", text)], rows)
    rows = [(key, " ".join(RANDOM.sample(COLOURS, 3)), f"Maker#{RANDOM.randint(1, 5)}", f"Brand#{RANDOM.randint(1, 5)}{RANDOM.randint(1, 3)}",
             RANDOM.choice(TYPES), RANDOM.randint(1, 50), RANDOM.choice(CONTAINERS), money(90000, 200000)) for key in range(parts)]
    write(silver, "part", [("p_key", whole), ("p_name", text), ("p_maker", text), ("p_brand", text), ("p_type", text), ("p_size", pa.int32()), ("p_container", text), ("p_price", amount)], rows)
    rows = [(part, supplier, RANDOM.randint(1, 9999), money(100, 100000))
            for part in range(parts) for supplier in RANDOM.sample(range(suppliers), 4)]
    write(silver, "partsupp", [("ps_part", whole), ("ps_supplier", whole), ("ps_available", pa.int32()), ("ps_cost", amount)], rows, 2)
    heads, lines = [], []
    offered = {}
    for part, supplier, _, _ in rows:
        offered.setdefault(part, []).append(supplier)
    for key in range(orders):
        ordered = day()
        total = decimal.Decimal(0)
        status = RANDOM.choice("FOP")
        for line in range(RANDOM.randint(1, 7)):
            part = RANDOM.randrange(parts)
            quantity, price = decimal.Decimal(RANDOM.randint(1, 50)), money(90000, 9000000)
            shipped = ordered + datetime.timedelta(days=RANDOM.randint(1, 121))
            committed = ordered + datetime.timedelta(days=RANDOM.randint(30, 90))
            received = shipped + datetime.timedelta(days=RANDOM.randint(1, 30))
            lines.append((key, part, RANDOM.choice(offered[part]), line, quantity, price,
                          decimal.Decimal(RANDOM.randint(0, 10)) / 100, decimal.Decimal(RANDOM.randint(0, 8)) / 100,
                          RANDOM.choice("RAN"), RANDOM.choice("OF"), shipped, committed, received,
                          RANDOM.choice(INSTRUCTIONS), RANDOM.choice(MODES)))
            total += price
        comment = RANDOM.choice(["special packages requests", "carefully", "the special long requests", None])
        heads.append((key, RANDOM.randrange(customers * 2 // 3), status, total, ordered, RANDOM.choice(PRIORITIES), comment))
    write(silver, "orders", [("o_key", whole), ("o_customer", whole), ("o_status", text), ("o_total", amount), ("o_date", pa.date32()), ("o_priority", text), ("o_comment", text)], heads, 3)
    write(silver, "lineitem", [("l_order", whole), ("l_part", whole), ("l_supplier", whole), ("l_line", pa.int32()), ("l_quantity", amount), ("l_price", amount), ("l_discount", amount), ("l_tax", amount), ("l_returned", text), ("l_status", text), ("l_shipped", pa.date32()), ("l_committed", pa.date32()), ("l_received", pa.date32()), ("l_instruct", text), ("l_mode", text)], lines, 4)


main(sys.argv[1], int(sys.argv[2]))
