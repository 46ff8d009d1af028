"""Compares the answers of two engines as multisets of rows."""

import decimal
import math

import duckdb


def differences(ours, theirs, questions):
    """What differs, a line for each question."""
    found = []
    for number in range(1, questions + 1):
        our, their = (rows(folder, number) for folder in (ours, theirs))
        if not their:
            found.append(f"question {number} has no answer: nothing is compared")
        elif len(our) != len(their):
            found.append(f"question {number}: {len(our)} rows and {len(their)}")
        elif not all(map(same, our, their)):
            found.append(f"question {number}: rows differ")
    return found


def rows(folder, number):
    found = duckdb.execute(f"FROM read_parquet('{folder}/question_{number:02}/**/*.parquet')").fetchall()
    return sorted(found, key=lambda row: [(value is None, known(value)) for value in row])


def known(value):
    """Numbers in few digits, so that rows have one order whoever computed them."""
    if isinstance(value, (int, float, decimal.Decimal)):
        return f"{float(value):030.3f}"
    return str(value)


def same(ours, theirs):
    return all(alike(our, their) for our, their in zip(ours, theirs, strict=True))


def alike(our, their):
    if our is None or their is None:
        return our is their
    if isinstance(our, (int, float, decimal.Decimal)):
        # Sums of floats depend on their order, and averages of decimals have other digits in each engine.
        return math.isclose(float(our), float(their), rel_tol=1e-6, abs_tol=1e-4)
    return our == their
