"""The lakes that are judged: every example and every sample, in two environments."""

import json
import os
import subprocess
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
ENVIRONMENTS = ("dev", "prod")


def lakes() -> dict[str, Path]:
    """Files of lakes, by a short name."""
    found = {path.parent.name: path for path in sorted(ROOT.glob("examples/*/lake.toml"))}
    found |= {path.stem: path for path in sorted(ROOT.glob("tests/policy/lakes/*.toml"))}
    found |= {path.parent.name: path for path in sorted(ROOT.glob("tests/policy/lakes/*/lake.toml"))}
    return found


def is_protected(lake: Path, environment: str) -> bool:
    """Whether the file says that the environment keeps its data; read without tarn, on purpose."""
    written = tomllib.loads(lake.read_text()).get("env", {}).get(environment, {})
    return written.get("protected", environment == "prod")


def rendered(tarn: Path, folder: Path) -> tuple[list[Path], frozenset[str]]:
    """Renders all of them into one folder; gives the files, and the names of protected ones."""
    folder.mkdir(parents=True)
    files, protected = [], set()
    for name, lake in lakes().items():
        for environment in ENVIRONMENTS:
            aside = folder.parent / f"{name}.{environment}"
            command = [tarn, "render", "--config", lake, "--env", environment, "--out", aside]
            subprocess.run([str(part) for part in command], check=True, capture_output=True)
            for template in sorted(aside.glob("*.json")):
                file = template.rename(folder / template.name)
                files.append(file)
                if is_protected(lake, environment):
                    protected.add(file.name)
    return files, frozenset(protected)


def checked(tarn: Path, programs: Path) -> list[str]:
    """What `tarn check` asks where its checkers are installed; it must ask them all, and find nothing."""
    asked = {}
    for lake in lakes().values():
        command = [str(tarn), "check", "--json", "--config", str(lake), "--env", ENVIRONMENTS[-1]]
        surroundings = {**os.environ, "TARN_CHECKERS": str(programs)}
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=surroundings)
        for report in json.loads(done.stdout)["checkers"]:
            if not report["ran"] or report["findings"]:
                raise RuntimeError(f"`tarn check` of {lake}: {report}")
            asked[report["checker"]] = True
    return list(asked)
