"""tarn in a project of its own, with a local cloud of its own."""

import contextlib
import json
import pathlib
import subprocess
import time


class Failed(Exception):
    pass


class Tarn:
    def __init__(self, binary, handlers, folder):
        self.binary, self.handlers, self.folder = binary, handlers, folder
        folder.mkdir(parents=True)

    @staticmethod
    def run(command, **options):
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, **options)
        if done.returncode != 0:
            raise Failed(f"{' '.join(map(str, command))}: {(done.stderr or done.stdout).strip()[-600:]}")
        return done.stdout

    def json(self, *words):
        return json.loads(self.run([self.binary, *words, "--json", "--env", "dev"], cwd=self.folder))

    def write(self, lake):
        (self.folder / "lake.toml").write_text(lake)

    @contextlib.contextmanager
    def local_cloud(self, lake):
        """A local cloud as long as the block lasts; gives its address."""
        self.write(lake)
        try:
            yield self.json("local", "start")["ministack"]["url"]
        finally:
            self.json("local", "stop")

    def deploy(self, created):
        """Deploys and gives the seconds; how many stacks were created must be as expected."""
        begin = time.perf_counter()
        told = self.json("deploy", "--local", "--yes", "--handlers", self.handlers)
        seconds = time.perf_counter() - begin
        outcomes = [stack["outcome"] for stack in told["stacks"]]
        if not told["good"] or outcomes.count("created") != created:
            raise Failed(f"tarn created {outcomes.count('created')} stacks instead of {created}: {outcomes}")
        return seconds

    def destroy(self):
        """Destroys and gives the seconds; something left is a failure."""
        begin = time.perf_counter()
        self.json("destroy", "--local", "--yes")
        return time.perf_counter() - begin

    def order(self):
        """The names of all stacks, in an order in which they can be deployed."""
        rendered = self.json("render", "--local", "--out", self.folder / "templates")
        return [pathlib.Path(file).stem for file in rendered]
