#!/usr/bin/env python3
"""The `llama` backend beside llama-server: one model, the same prompts, slots, threads and cache types, in turns.

    bench/llama/compare.py LLAMA_SERVER [--build build/release] [--rounds 5] [--threads 1] [--only NAME]
    bench/llama/compare.py --decode [--only NAME]   # the share of time outside llama_decode

`slm-graph run` does the same requests twice: with the backend `llama`, and through a llama-server that is started for
it with as many slots, threads and tokens of context. Both are new every time, so nothing is cached from before. Models:
the assistant's medium one, and random weights of Qwen3-0.6B's shape. Medians, and the least and most; ratios are of the
two runs of one round, above 1 where `llama` is better.
"""

import argparse
import contextlib
import json
import os
import random
import re
import socket
import statistics
import subprocess
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ASSISTANT = ROOT / "pipelines" / "assistant"
SLOTS = 16
PIPELINE = """pipeline: bench
version: 1
entry: kind
models:
  model: {{ {model} }}
nodes:
  kind:  {{ type: route, by: fields.kind, cases: {{ first: first, whole: whole }} }}
  first: {{ type: generate, model: model, prompt: "{{text}}", max_tokens: 1{schema} }}
  whole: {{ type: generate, model: model, prompt: "{{text}}", max_tokens: {max_tokens}{schema} }}
"""


@dataclass
class Case:
    name: str
    model: Path
    prompts: list
    at_once: int
    max_tokens: int
    context: int
    kv_type: str = "f16"
    schema: bool = False
    first_only: int = 0  # of so many requests, one asks for its first token only


def cases(real_shape):
    rng = random.Random(1)
    texts = [json.loads(line)["text"] + "\n" for line in open(ASSISTANT / "requests.jsonl")]

    def some(count):  # letters, each of them a token
        return "".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=count))

    medium = ASSISTANT / "medium-q8_0.gguf"
    for at_once in [1, 4, 16]:
        yield Case(f"medium, {at_once} at once", medium, texts, at_once, 96, 256, kv_type="q8_0")
    yield Case("medium, f16, 16 at once", medium, texts, 16, 96, 256)
    for at_once in [1, 4, 16]:
        yield Case(f"medium, schema, {at_once} at once", medium, texts, at_once, 96, 256, kv_type="q8_0", schema=True)
    beginning = " ".join(texts).replace("\n", "")[:1000]
    yield Case("medium, shared beginning, 16 at once", medium, [beginning + text for text in texts[:64]], 16, 32, 512, kv_type="q8_0")
    for at_once, count in [(1, 3), (4, 8), (16, 16)]:
        yield Case(f"real shape, {at_once} at once", real_shape, [some(64) for _ in range(count)], at_once, 32, 640)
    shared = some(500)
    yield Case("real shape, shared 500, 16 at once", real_shape, [shared + some(20) for _ in range(16)], 16, 16, 640)
    yield Case("real shape, first tokens, 16 at once", real_shape, [some(64) for _ in range(32)], 16, 32, 640, first_only=2)


class Bench:
    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.program = options.build / "slm-graph"

    def write(self, case, model):
        schema = f", schema: {ASSISTANT}/tool_call.schema.json" if case.schema else ""
        (self.folder / "p.yaml").write_text(PIPELINE.format(model=model, max_tokens=case.max_tokens, schema=schema))
        with open(self.folder / "in.jsonl", "w") as out:
            for i, prompt in enumerate(case.prompts):
                kind = "first" if case.first_only and i % case.first_only == 0 else "whole"
                out.write(json.dumps({"id": i, "text": prompt, "kind": kind}) + "\n")

    def run(self, case, environment=None):
        """Generated tokens a second, the median milliseconds of first tokens, answers by id, and what went to stderr."""
        output = self.folder / "out.jsonl"
        command = [self.program, "run", self.folder / "p.yaml", "--input", self.folder / "in.jsonl", "--output", output,
                   "--in-flight", case.at_once, "--json", "--quiet"]
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                              env=os.environ | (environment or {}))
        assert done.returncode == 0, done.stderr
        outcomes = [json.loads(line) for line in open(output)]
        summary = json.loads(done.stdout)
        first = [one["latency_ms"] for one in outcomes if one["tokens"]["generated"] == 1] or [0]
        return (summary["tokens"]["generated"] / summary["seconds"], statistics.median(first),
                {one["id"]: one["answer"] for one in outcomes}, done.stderr)

    def ours(self, case, environment=None):
        self.write(case, f"backend: llama, file: {case.model}, context: {case.context}, slots: {SLOTS}, "
                         f"threads: {self.options.threads}, kv_type: {case.kv_type}")
        return self.run(case, environment)

    def peer(self, case):
        with server(self.options, case) as port:
            self.write(case, f'backend: openai, url: "http://127.0.0.1:{port}/v1", model: m, api: completions, '
                             f"server: llama_server, logprobs: false, stream: false, timeout: 20min, "
                             f"first_token_timeout: 20min")
            return self.run(case)


@contextlib.contextmanager
def server(options, case):
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    command = [options.server, "-m", case.model, "--host", "127.0.0.1", "--port", port, "-np", SLOTS,
               "-c", SLOTS * case.context, "-t", options.threads, "-tb", options.threads, "-ctk", case.kv_type,
               "-ctv", case.kv_type, "--no-webui"]
    process = subprocess.Popen([str(word) for word in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health")
                break
            assert process.poll() is None, "llama-server has ended"
            time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=60)


def shown(values, form="{:.2f}"):
    return f"{form.format(statistics.median(values))} ({form.format(min(values))} to {form.format(max(values))})"


def compare(bench, case):
    rounds = []
    for _ in range(bench.options.rounds):
        ours, peer = bench.ours(case), bench.peer(case)
        same = sum(ours[2][i] == peer[2][i] for i in ours[2])
        rounds.append((ours[0], peer[0], ours[0] / peer[0], ours[1], peer[1], same / len(ours[2])))
    ours, peer, ratio, first, peer_first, same = (list(column) for column in zip(*rounds))
    print(f"{case.name:40} llama {shown(ours, '{:.0f}')} tokens/s, llama-server {shown(peer, '{:.0f}')}, "
          f"ratio {shown(ratio)}; {100 * statistics.median(same):.0f} % the same", flush=True)
    if case.first_only:
        print(f"{'':40} first token after {shown(first, '{:.0f}')} ms, llama-server {shown(peer_first, '{:.0f}')}, "
              f"ratio {shown([b / a for a, b in zip(first, peer_first)])}", flush=True)


def decode(bench, case):
    """The share of the time between the first step and the last that was not spent in llama_decode."""
    library = bench.options.build / "bench" / "llama" / "libllama_decode_time.so"
    shares = []
    for _ in range(bench.options.rounds):
        said = bench.ours(case, {"LD_PRELOAD": str(library)})[3]
        inside, whole, steps, tokens = map(float, re.search(r"llama_decode: ([\d.]+) s of ([\d.]+) s, (\d+) times, (\d+) tokens", said).groups())
        shares.append(100 * (1 - inside / whole))
    print(f"{case.name:40} outside llama_decode {shown(shares)} %, {steps:.0f} steps, {tokens:.0f} tokens", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("server", nargs="?", type=Path, help="llama-server of the same llama.cpp")
    parser.add_argument("--build", type=Path, default=ROOT / "build" / "release")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--only", default="", help="cases whose names have this in them")
    parser.add_argument("--decode", action="store_true")
    options = parser.parse_args()
    if not options.decode and not options.server:
        parser.error("give the path of llama-server, or --decode")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        real_shape = folder / "real-shape.gguf"
        subprocess.run([options.build / "bench" / "llama" / "llama_random_model", real_shape], check=True)
        for case in cases(real_shape):
            if options.only in case.name:
                (decode if options.decode else compare)(Bench(options, folder), case)


if __name__ == "__main__":
    main()
