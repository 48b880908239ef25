#!/usr/bin/python3
"""The examples for Slurm and Kubernetes do with the real program what they say: shards, some of them again, a merge.

    splitting_test.py SLM_GRAPH_PROGRAM EXAMPLES_FOLDER
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import yaml

PROGRAM, EXAMPLES = (pathlib.Path(argument).absolute() for argument in sys.argv[1:])
PIPELINE = """pipeline: assistant
version: 1
entry: sort
models:
  nano: { backend: ngram, file: nano.slm }
nodes:
  sort: { type: classify, model: nano }
"""


class SplitRun(unittest.TestCase):
    def setUp(self):
        kept = tempfile.TemporaryDirectory()
        self.addCleanup(kept.cleanup)
        self.data = pathlib.Path(kept.name)
        lines = [{"text": text, "label": label} for text, label in (("play some jazz", "music"), ("will it rain", "weather"))]
        (self.data / "train.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines * 20))
        subprocess.run([PROGRAM, "train", "train.jsonl", "--output", "nano.slm", "--quiet"], cwd=self.data, check=True)
        (self.data / "assistant.yaml").write_text(PIPELINE)
        (self.data / "requests.jsonl").write_text("".join(json.dumps({"id": i, **lines[i % 2]}) + "\n" for i in range(50)))

    def run_command(self, command, **variables):
        path = {"PATH": f"{PROGRAM.parent}:{os.environ['PATH']}"}
        return subprocess.run(command, cwd=self.data, env=os.environ | path | variables, capture_output=True, text=True)

    def check(self, shard, merge, count):
        """`shard(i)` and `merge()` run and give what came of it."""
        for index in range(count - 1):
            self.assertEqual((done := shard(index)).returncode, 0, done.stderr)
        self.assertEqual((incomplete := merge()).returncode, 1, incomplete.stderr)
        self.assertIn(f"--shard {count - 1}/{count}", incomplete.stderr)
        self.assertFalse((self.data / "answers.jsonl").exists())
        for index in (0, count - 1):  # another try of one that is done does no harm
            self.assertEqual((done := shard(index)).returncode, 0, done.stderr)
        self.assertEqual((whole := merge()).returncode, 0, whole.stderr)
        outcomes = [json.loads(line) for line in (self.data / "answers.jsonl").read_text().splitlines()]
        self.assertEqual([outcome["id"] for outcome in outcomes], list(range(50)))
        self.assertEqual([outcome["label"] for outcome in outcomes], ["music", "weather"] * 25)

    def test_slurm(self):
        script = EXAMPLES / "slurm" / "shard.sbatch"
        first, last = re.search(r"^#SBATCH --array=(\d+)-(\d+)$", script.read_text(), re.MULTILINE).groups()
        self.assertEqual(first, "0")
        self.check(lambda index: self.run_command([script], SLURM_ARRAY_TASK_ID=str(index)),
                   lambda: self.run_command([EXAMPLES / "slurm" / "merge.sbatch"]), int(last) + 1)

    def manifest(self, name):
        """A Job that is used as its kind wants it, and its container's command as a kubelet would start it."""
        job = yaml.safe_load((EXAMPLES / "kubernetes" / name).read_text())
        self.assertEqual((job["apiVersion"], job["kind"]), ("batch/v1", "Job"))
        pod = job["spec"]["template"]["spec"]
        self.assertEqual(pod["restartPolicy"], "Never")
        (container,) = pod["containers"]
        self.assertEqual([mount["name"] for mount in container["volumeMounts"]], [volume["name"] for volume in pod["volumes"]])
        self.assertEqual(container["volumeMounts"][0]["mountPath"], "/data")
        return job["spec"], container

    def command(self, container, index=""):
        words = container["command"] + container["args"]
        return [word.replace("$(JOB_COMPLETION_INDEX)", index).replace("/data", str(self.data)) for word in words]

    def test_kubernetes(self):
        spec, container = self.manifest("shards.yaml")
        self.assertEqual(spec["completionMode"], "Indexed")
        (rule,) = spec["podFailurePolicy"]["rules"]
        self.assertEqual(rule["onExitCodes"]["containerName"], container["name"])
        _, merging = self.manifest("merge.yaml")
        self.check(lambda index: self.run_command(self.command(container, str(index))),
                   lambda: self.run_command(self.command(merging)), spec["completions"])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
