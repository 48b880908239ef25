#!/usr/bin/env python3
"""Times `slm-graph run` on JSON lines beside a bare loop that does the same, in turns.

    bench/lines/compare.py [--build build/release] [--lines 1000000] [--rounds 7]
    bench/lines/compare.py --memory [--lines 10000000]      # resident memory as it goes on
    bench/lines/compare.py --resume [--lines 10000000]      # how soon a killed run goes on
    bench/lines/compare.py --batches [--rounds 7]           # the medium model, one by one and in batches

Requests are made of the words of pipelines/assistant/requests.jsonl, the model is its nano filter. Medians, and the
least and most; ratios are of the two runs of one round.
"""

import argparse
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ASSISTANT = ROOT / "pipelines" / "assistant"
PIPELINE = """pipeline: nano
version: 1
entry: filter
models:
  nano: {{ backend: ngram, file: {model} }}
nodes:
  filter: {{ type: classify, model: nano }}
"""


BATCHES = """pipeline: batches
version: 1
entry: {entry}
models:
  medium: {{ backend: llama, file: {folder}/medium-q8_0.gguf, context: 512, slots: 16 }}
nodes:
  hold: {{ type: aggregate, max_items: 228, max_wait: 10s, durable: {durable}, to: expert }}
  expert: {{ type: generate, model: medium, prompt: "{{text}}\\n", schema: {folder}/tool_call.schema.json, max_tokens: 96 }}
"""


def write_lines(file, count):
    rng = random.Random(3)
    words = sorted({word for line in open(ASSISTANT / "requests.jsonl") for word in json.loads(line)["text"].split()})
    texts = [" ".join(rng.choices(words, k=rng.randint(3, 12))) for _ in range(100_000)]
    with open(file, "w") as out:
        for i in range(count):
            out.write(json.dumps({"id": f"r{i}", "text": texts[i % len(texts)]}) + "\n")


def seconds(command):
    start = time.monotonic()
    subprocess.run([str(word) for word in command], check=True)
    return time.monotonic() - start


def spread(values, digits=2):
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


class Bench:
    def __init__(self, options, folder):
        self.program = options.build / "slm-graph"
        self.loop = options.build / "bench" / "lines" / "lines_bare_loop"
        self.folder = folder
        self.input = folder / "in.jsonl"
        self.pipeline = folder / "nano.yaml"
        self.pipeline.write_text(PIPELINE.format(model=ASSISTANT / "nano.slm"))
        print(f"writing {options.lines:,} lines", file=sys.stderr)
        write_lines(self.input, options.lines)

    def run(self, *more):
        return [self.program, "run", self.pipeline, "--input", self.input, "--output", self.folder / "out.jsonl",
                "--quiet", *more]

    def checkpointed(self):
        checkpoint = self.folder / "run.checkpoint"
        checkpoint.unlink(missing_ok=True)
        return self.run("--checkpoint", checkpoint)

    def bare(self):
        return [self.loop, ASSISTANT / "nano.slm", self.input, self.folder / "bare.jsonl"]


def compare(bench, lines, rounds):
    ways = {"bare loop, one thread": bench.bare, "slm-graph run": bench.run, "slm-graph run --ordered": lambda: bench.run("--ordered"),
            "slm-graph run --checkpoint": bench.checkpointed}
    times = {name: [] for name in ways}
    for done in range(rounds):
        for name, way in ways.items():
            times[name].append(seconds(way()))
        print(f"round {done + 1} of {rounds}", file=sys.stderr)
    size_mb = bench.input.stat().st_size / 1e6
    bare = times["bare loop, one thread"]
    print("| | thousand lines/s | MB/s | of the bare loop | of a run |\n|---|--:|--:|--:|--:|")
    for name, taken in times.items():
        print(f"| {name} | {spread([lines / 1e3 / t for t in taken], 0)} | {spread([size_mb / t for t in taken], 0)} | "
              f"{spread([b / t for b, t in zip(bare, taken)])} | "
              f"{spread([r / t for r, t in zip(times['slm-graph run'], taken)])} |")


def memory(bench):
    process = subprocess.Popen([str(word) for word in bench.checkpointed()])
    out = bench.folder / "out.jsonl"
    most, told = 0, 0
    while process.poll() is None:
        time.sleep(0.2)
        try:
            status = Path(f"/proc/{process.pid}/status").read_text()
        except OSError:
            break
        resident = [int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")]
        if resident:
            most = max(most, resident[0])
        if out.exists() and out.stat().st_size >= told:
            print(f"{out.stat().st_size / 1e6:8.0f} MB written: {resident[0] / 1024 if resident else 0:.0f} MiB resident")
            told = out.stat().st_size + 200_000_000
    print(f"most: {most / 1024:.0f} MiB")


def resume(bench):
    """Killed near its end; from the start of the next one to its first new line."""
    command = [str(word) for word in bench.checkpointed()]
    out = bench.folder / "out.jsonl"
    process = subprocess.Popen(command)
    size = bench.input.stat().st_size * 2.5
    while process.poll() is None and (not out.exists() or out.stat().st_size < size):
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    before = out.stat().st_size
    start = time.monotonic()
    process = subprocess.Popen(command)
    while process.poll() is None and out.stat().st_size <= before:
        time.sleep(0.001)
    print(f"killed after {before / 1e6:.0f} MB of output; the next line was written {time.monotonic() - start:.2f} s after the start")
    process.wait()
    print(f"{sum(1 for _ in open(out)):,} lines at the end")


def batches(options, folder):
    """The same requests through the medium model: one in flight, as a caller who waits for each; and held, then sent on
    together."""
    pipelines = {}
    for name, entry, durable in (("one by one", "expert", "false"), ("held, sent on together", "hold", "false"),
                                 ("held on disk, sent on together", "hold", "true")):
        pipelines[name] = folder / f"{len(pipelines)}.yaml"
        text = BATCHES.format(entry=entry, folder=ASSISTANT, durable=durable)
        if entry == "expert":
            text = "".join(line for line in text.splitlines(keepends=True) if "type: aggregate" not in line)
        pipelines[name].write_text(text)
    rates = {name: [] for name in pipelines}
    for done in range(options.rounds):
        for name, pipeline in pipelines.items():
            command = [options.build / "slm-graph", "run", pipeline, "--input", ASSISTANT / "requests.jsonl", "--output",
                       folder / "out.jsonl", "--spool", folder, "--json", "--quiet"]
            if name == "one by one":
                command += ["--in-flight", "1"]
            ended = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE)
            rates[name].append(json.loads(ended.stdout)["requests_per_second"])
        print(f"round {done + 1} of {options.rounds}", file=sys.stderr)
    one = rates["one by one"]
    print("| | requests/s | of one by one |\n|---|--:|--:|")
    for name, found in rates.items():
        print(f"| {name} | {spread(found, 0)} | {spread([r / o for o, r in zip(one, found)])} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=Path, default=ROOT / "build" / "release")
    parser.add_argument("--lines", type=int)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--batches", action="store_true")
    options = parser.parse_args()
    options.lines = options.lines or (10_000_000 if options.memory or options.resume else 1_000_000)
    with tempfile.TemporaryDirectory(dir=os.environ.get("SLM_BENCH_FOLDER")) as folder:
        if options.batches:
            return batches(options, Path(folder))
        bench = Bench(options, Path(folder))
        if options.memory:
            memory(bench)
        elif options.resume:
            resume(bench)
        else:
            compare(bench, options.lines, options.rounds)


if __name__ == "__main__":
    main()
