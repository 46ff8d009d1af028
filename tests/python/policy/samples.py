"""The lakes that are judged: every example and every sample, in two environments."""

import subprocess
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
ENVIRONMENTS = ("dev", "prod")


def lakes() -> dict[str, Path]:
    """Files of lakes, by a short name."""
    found = {path.parent.name: path for path in sorted(ROOT.glob("examples/*/lake.toml"))}
    found |= {path.stem: path for path in sorted(ROOT.glob("tests/policy/lakes/*.toml"))}
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
