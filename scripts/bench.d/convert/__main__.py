"""CSV and JSON Lines to Parquet beside DuckDB, Polars, PyArrow and DataFusion: CPU, wall, memory, size, verified

Each pair runs tarn and then a peer, one after the other, each in a process of its own; ratios are of
pairs, and the median of them counts. tarn is the engine over a local file (the example `convert-file`),
or with --binary a tarn, run as `tarn convert`.
"""

import argparse
import json
import pathlib
import shutil
import subprocess
import sys
from statistics import median

from built import BENCH, BUILD, ROOT, cargo, table
from measure import Failed, measure
from rows import AHEAD, ROWS, THREADS

HERE = pathlib.Path(__file__).parent
PEERS = ["duckdb", "duckdb, tuned", "polars", "pyarrow", "datafusion"]
ONE_THREAD = {"BENCH_THREADS": "1"}


def main():
    options = arguments()
    rows = chosen(options.only)
    binary = options.binary
    if not options.no_build:
        build(options.profile, binary)
    folder = BENCH / f"inputs-{options.scale:g}"
    script("inputs.py", folder, options.scale, built("tarn-datagen", options.profile),
           *dict.fromkeys(row.input for row in rows if row.supported))
    results = [measured(row, binary, folder, options) for row in rows]
    report(results, options)
    if any(result.get("differences") for result in results):
        sys.exit("bench: outputs differ, so nothing above is a result")
    if options.strict and not all(result.get("passed", True) for result in results):
        sys.exit("bench: a target was missed")


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench convert", description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=5, help="how often each pair runs (5)")
    parser.add_argument("--scale", type=float, default=1.0, help="size of the inputs, 1.0 is about 500 MB each")
    parser.add_argument("--only", default="", help="rows, by commas: " + ", ".join(row.name for row in ROWS))
    parser.add_argument("--peers", default=",".join(p for p in PEERS if p != "duckdb, tuned"),
                        help="by commas; duckdb must be among them (`tuned` adds DuckDB without order)")
    parser.add_argument("--profile", default="release", help="the cargo profile of the engine (release)")
    parser.add_argument("--binary", help="a tarn to measure as `tarn convert`, instead of building the engine")
    parser.add_argument("--no-build", action="store_true", help="measure what was built last")
    parser.add_argument("--strict", action="store_true", help="fail when a target is missed")
    options = parser.parse_args()
    options.peers = [{"tuned": "duckdb, tuned"}.get(p.strip(), p.strip()) for p in options.peers.split(",")]
    if "duckdb" not in options.peers or not set(options.peers) <= set(PEERS):
        parser.error(f"--peers are of {', '.join(PEERS)}, and duckdb must be among them")
    return options


def chosen(only):
    names = [name.strip() for name in only.split(",") if name.strip()]
    rows = [row for row in ROWS if not names or row.name in names or row.name.split(",")[0] in names]
    if not rows:
        sys.exit(f"bench: --only names none of {', '.join(row.name for row in ROWS)}")
    return rows


def build(profile, binary):
    """The generator, and the engine unless a binary of tarn was named."""
    engine = [] if binary else ["-p", "tarn-convert", "--example", "convert-file"]
    cargo(profile, "-p", "tarn-datagen", "--bin", "tarn-datagen", *engine)


def built(name, profile):
    return BUILD / profile / name


def script(name, *words):
    subprocess.run([sys.executable, HERE / name, *map(str, words)], check=True, cwd=HERE)


def measured(row, binary, folder, options):
    """All pairs of one row."""
    if not row.supported:
        return {"row": row.name, "supported": False}
    source, out = folder / row.input, BENCH / "out"
    out.mkdir(exist_ok=True)
    warm(source)
    peers = [peer for peer in options.peers if row.peers is None or peer in row.peers]
    ours, alone, theirs, failed = [], [], {peer: [] for peer in peers}, {}
    for number in range(options.pairs):
        for peer in peers:
            if peer in failed:
                continue
            print(f"{row.name}: pair {number + 1} of {options.pairs} with {peer}", file=sys.stderr)
            clear(tarn_output(row, source, out, binary), output(out, row, peer))
            tarn = measure(tarn_command(row, source, out, binary, options.profile))
            try:
                cost = measure(peer_command(row, source, out, peer))
            except Failed as error:
                failed[peer] = str(error)
                print(f"  {peer} failed: {error}", file=sys.stderr)
                continue
            ours.append(tarn)
            theirs[peer].append((tarn, cost))
            if peer == "duckdb" and not binary:
                clear(tarn_output(row, source, out, binary))
                alone.append((tarn, measure(tarn_command(row, source, out, binary, options.profile), ONE_THREAD)))
    result = judged(row, source, out, ours, {p: pairs for p, pairs in theirs.items() if pairs}, failed)
    result["threads"] = median(one.wall / two.wall for two, one in alone) if alone else None
    return result | verdict(row, result)


def clear(*outputs):
    """Everybody begins without an output: a peer may refuse a full folder, or leave old files there; and a
    file that is written over is flushed to the disk when it is closed, which takes 0.1 s of wall time here."""
    for output in outputs:
        if output.is_dir():
            shutil.rmtree(output)
        else:
            output.unlink(missing_ok=True)


def warm(source):
    with open(source, "rb") as file:
        while file.read(1 << 20):
            pass


def output(out, row, who):
    return out / f"{row.name}-{who}.parquet".replace(" ", "-").replace(",", "").replace("=", "")


def tarn_command(row, source, out, binary, profile):
    if binary:
        schema = out / "schema.toml"
        schema.write_text(schema_of(row))
        target = tarn_folder(row, out)
        return [binary, "convert", source, "--out", target, "--schema", schema, "--codec", row.codec,
                "--overwrite", "--json"]
    columns = [f"{name}={kind}" for name, kind in row.columns]
    example = BUILD / profile / "examples" / "convert-file"
    folders = [f"BENCH_PARTITION_BY={row.partition_by}"] if row.partition_by else []
    return ["env", *folders, example, source, output(out, row, "tarn"), row.codec, row.delimiter, str(row.header).lower(), *columns]


def tarn_folder(row, out):
    return out / f"tarn-{row.codec}{'-by-' if row.partition_by else ''}{row.partition_by}"


def tarn_output(row, source, out, binary):
    if not binary:
        return output(out, row, "tarn")
    folder = tarn_folder(row, out)
    return folder if row.partition_by else folder / f"{row.input.split('.')[0]}.parquet"


def schema_of(row):
    def column(name, kind):
        kind, _, format = kind.partition("=")
        return f'{name} = {{ type = "{kind}"' + (f', format = "{format}"' if format else "") + " }\n"
    if row.is_json:
        return 'format = "jsonl"\n\n[columns]\n' + "".join(column(name, kind) for name, kind in row.columns)
    folders = f'partition_by = ["{row.partition_by}"]\n' if row.partition_by else ""
    head = f'delimiter = "{row.delimiter}"\nheader = {str(row.header).lower()}\n{folders}\n[columns]\n'
    return head + "".join(column(name, kind) for name, kind in row.columns)


def peer_command(row, source, out, peer):
    return [sys.executable, HERE / "peers.py", peer, source, output(out, row, peer), row.name]


def judged(row, source, out, ours, theirs, failed):
    """The row's figures, and whether all outputs hold the same values."""
    binary = not output(out, row, "tarn").exists()
    files = {"tarn": tarn_output(row, source, out, binary)} | {peer: output(out, row, peer) for peer in theirs}
    others = [row.files(file) for who, file in files.items() if who != "duckdb"]
    command = [sys.executable, HERE / "verify.py", row.name, row.files(files["duckdb"]), *others]
    verified = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=HERE).stdout)
    unequal = {who: verified["differences"][row.files(file)] for who, file in files.items() if who != "duckdb"}
    answer = ours[-1].answer
    answer = answer.get("files", [answer])[0]
    wrong = list(unequal.pop("tarn"))
    if answer["bad_rows"] or answer["rows"] != verified["rows"]:
        wrong.append(f"{answer['rows']} rows and {answer['bad_rows']} bad ones, DuckDB has {verified['rows']}")
    text_gb = answer["text_bytes"] / 1e9
    floor = json.loads(subprocess.check_output([sys.executable, HERE / "floor.py", source], cwd=HERE))
    sizes = {who: size_mb(file) for who, file in files.items()}
    result = {
        "row": row.name, "supported": True, "rows": verified["rows"], "text_gb": text_gb,
        "verified_by": verified["method"], "differences": wrong, "failed": failed, "floor": floor,
        "peers_that_differ": {who: what for who, what in unequal.items() if what},
        "tarn": {"cpu": median(c.cpu for c in ours), "wall": median(c.wall for c in ours),
                 "peak_mb": max(c.peak_mb for c in ours), "size_mb": sizes["tarn"]},
        "peers": {peer: figures(pairs, sizes[peer]) for peer, pairs in theirs.items()},
    }
    for figure in [result["tarn"], *result["peers"].values()]:
        figure["gb_seconds_per_gb"] = figure["cpu"] * 1769 / 1024 / text_gb
    return result


def size_mb(output):
    files = output.rglob("*.parquet") if output.is_dir() else [output]
    return sum(file.stat().st_size for file in files) / 1e6


def figures(pairs, size_mb):
    return {
        "cpu": median(cost.cpu for _, cost in pairs), "wall": median(cost.wall for _, cost in pairs),
        "peak_mb": max(cost.peak_mb for _, cost in pairs), "size_mb": size_mb,
        "cpu_ratio": median(tarn.cpu / cost.cpu for tarn, cost in pairs),
        "wall_ratio": median(tarn.wall / cost.wall for tarn, cost in pairs),
    }


def verdict(row, result):
    """Each target of performance.md, and whether it was met."""
    duckdb, tarn = result["peers"]["duckdb"], result["tarn"]
    equal = {p: f for p, f in result["peers"].items() if p not in result["peers_that_differ"]}
    fastest = max(equal, key=lambda peer: equal[peer]["cpu_ratio"])
    checks = {
        "cpu": duckdb["cpu_ratio"] <= row.ratio, "wall": duckdb["wall_ratio"] <= row.ratio,
        "memory": tarn["peak_mb"] <= row.peak_mb, "size": tarn["size_mb"] <= duckdb["size_mb"],
        "ahead": equal[fastest]["cpu_ratio"] <= 1 / AHEAD,
        "threads": result["threads"] is None or not row.is_parallel or result["threads"] >= THREADS,
    }
    return {"target": row.ratio, "target_peak_mb": row.peak_mb, "fastest_peer": fastest, "checks": checks,
            "passed": all(checks.values())}


def report(results, options):
    print("\n".join([LEGEND, "", table(HEAD, [line(result) for result in results])]))
    document = {"pairs": options.pairs, "scale": options.scale, "profile": options.profile, "rows": results}
    file = BENCH / "convert.json"
    file.write_text(json.dumps(document, indent=1))
    print(f"\n{options.pairs} pairs, scale {options.scale:g}; all figures: {file.relative_to(ROOT)}")


HEAD = ["row", "CPU", "wall", "target", *PEERS[1:], "threads", "peak MB", "MB out", "GB-s/GB", "floor s", "verdict"]
LEGEND = """\
CPU and wall: tarn's seconds divided by DuckDB's, medians of pairs; below 1 is faster. The columns of other peers
are tarn's CPU divided by theirs; `!` marks an output that differs from DuckDB's. Threads: tarn's wall by one thread
divided by that of two. Peak: tarn's, the target, DuckDB's.
MB out: tarn's, DuckDB's. GB-s/GB: Lambda's bill for a GB of text, tarn's and DuckDB's, as CPU seconds x 1,769 MB.
Floor: CPU seconds to read the file and find its lines; to compress its text with zstd alone; tarn's."""


def line(result):
    if not result["supported"]:
        return [result["row"], *["-"] * 12, "not supported yet"]
    tarn, duckdb, floor = result["tarn"], result["peers"]["duckdb"], result["floor"]
    return [
        result["row"], f"{duckdb['cpu_ratio']:.3f}", f"{duckdb['wall_ratio']:.3f}", f"{result['target']:.2f}",
        *[other(result, peer) for peer in PEERS[1:]],
        f"{result['threads']:.2f}" if result["threads"] else "-",
        f"{tarn['peak_mb']:.0f} / {result['target_peak_mb']} / {duckdb['peak_mb']:.0f}",
        f"{tarn['size_mb']:.1f} / {duckdb['size_mb']:.1f}",
        f"{tarn['gb_seconds_per_gb']:.2f} / {duckdb['gb_seconds_per_gb']:.1f}",
        f"{floor['lines_cpu']:.2f}, {floor['zstd_cpu']:.2f}, {tarn['cpu']:.2f}",
        judgement(result),
    ]


def other(result, peer):
    if peer in result["failed"]:
        return "failed"
    if peer not in result["peers"]:
        return "-"
    mark = "!" if peer in result["peers_that_differ"] else ""
    return f"{result['peers'][peer]['cpu_ratio']:.3f}{mark}"


def judgement(result):
    if result["differences"]:
        return "WRONG: " + "; ".join(result["differences"][:3])
    missed = [name for name, met in result["checks"].items() if not met]
    return "pass" if not missed else "missed: " + ", ".join(missed)


main()
