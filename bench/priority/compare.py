#!/usr/bin/env python3
"""What batch work costs interactive requests that share a model with it, and what sorting it saves.

    bench/priority/compare.py [--build build/release] [--rounds 5] [--requests 200]
    bench/priority/compare.py --prompts [--rounds 5]   # long prompts of several kinds, sorted or as they come

A process has the assistant's medium model. One caller sends a request every 50 ms; alone, beside another that sends as
much batch work as is taken, and beside one that sends the same as interactive requests. Medians over the rounds, with
the least and most; ratios are of the runs of one round.
"""

import argparse
import json
import random
import signal
import socket
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ASSISTANT = ROOT / "pipelines" / "assistant"
PAUSE = 0.05
PIPELINE = """pipeline: shared
version: 1
entry: mark
processes:
  edge:  {{ durable: false }}
  cloud: {{ listen: "tcp://127.0.0.1:{port}" }}
models:
  medium: {{ backend: llama, file: {folder}/medium-q8_0.gguf, context: 256, slots: 16, batch_share: {share} }}
nodes:
  mark:   {{ type: redact, on: edge, kinds: [card], to: expert }}
  expert: {{ type: generate, on: cloud, model: medium, prompt: "{{text}}\\n", schema: {folder}/tool_call.schema.json,
             max_tokens: 96, on_unreachable: fail }}
"""
KINDS = 6
PROMPTS = """pipeline: prompts
version: 1
entry: kind
models:
  medium: {{ backend: llama, file: {folder}/medium-q8_0.gguf, context: 512, slots: 4 }}
nodes:
  kind: {{ type: route, by: fields.kind, cases: {{ {cases} }} }}
{nodes}"""


def requests():
    return [json.loads(line)["text"] for line in open(ASSISTANT / "requests.jsonl")]


def write_lines(file, count):
    texts = requests()
    with open(file, "w") as out:
        for i in range(count):
            out.write(json.dumps({"id": f"r{i}", "text": texts[i % len(texts)]}) + "\n")


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def run(program, *words, **options):
    return subprocess.Popen([str(program), "run", *map(str, words)], stderr=subprocess.DEVNULL, **options)


def end(process):
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGINT)
    process.wait(timeout=60)


def latencies(program, folder, other, count):
    """Of one caller's requests, in ms, sorted; `other`: the priority of another's, or None."""
    pipeline = folder / "shared.yaml"
    cloud = run(program, pipeline, "--process", "cloud", stdin=subprocess.DEVNULL)
    flood = None
    if other:
        flood = run(program, pipeline, "--process", "edge", "--input", folder / "flood.jsonl", "--output", folder / "o",
                    "--priority", other)
        time.sleep(2)
    edge = run(program, pipeline, "--process", "edge", "--output", folder / "out.jsonl", stdin=subprocess.PIPE, text=True)
    texts = requests()
    for i in range(count + 20):
        edge.stdin.write(json.dumps({"id": i, "text": texts[i % len(texts)]}) + "\n")
        edge.stdin.flush()
        time.sleep(PAUSE)
    edge.stdin.close()
    edge.wait(timeout=120)
    answered = sum(1 for _ in open(folder / "o")) if flood else 0
    for process in filter(None, [flood, cloud]):
        end(process)
    outcomes = [json.loads(line) for line in open(folder / "out.jsonl")]
    assert len(outcomes) == count + 20 and all(one["outcome"] == "answered" for one in outcomes), outcomes[-1]
    # The first ones find everything cold.
    return sorted(one["latency_ms"] for one in outcomes if one["id"] >= 20), answered / (count + 20) / PAUSE


def shown(values, form="{:.2f}"):
    return f"{form.format(statistics.median(values))} ({form.format(min(values))} to {form.format(max(values))})"


def compare_latency(program, folder, arguments):
    text = PIPELINE.format(port=free_port(), folder=ASSISTANT, share=arguments.share)
    (folder / "shared.yaml").write_text(text)
    write_lines(folder / "flood.jsonl", 1_000_000)
    cases = {"alone": None, "beside batch work": "batch", "beside as much interactive work": "interactive"}
    seen = {name: [] for name in cases}
    for _ in range(arguments.rounds):
        for name, other in cases.items():
            all_ms, rate = latencies(program, folder, other, arguments.requests)
            seen[name].append((statistics.median(all_ms), all_ms[int(0.95 * len(all_ms))], rate))
    for name, rounds in seen.items():
        print(f"{name:33} p50 {shown([one[0] for one in rounds])} ms, p95 {shown([one[1] for one in rounds])} ms, "
              f"beside {shown([one[2] for one in rounds], '{:.0f}')} requests/s")
        for at, percentile in enumerate(["p50", "p95"]):
            ratios = [one[at] / alone[at] for one, alone in zip(rounds, seen["alone"])]
            print(f"{'':33} {percentile} / alone {shown(ratios)}")


def compare_prompts(program, folder, arguments):
    rng = random.Random(5)
    texts = requests()
    nodes = ""
    for kind in range(KINDS):
        examples = "; ".join(rng.sample(texts, 20)).replace('"', "").replace("{", "").replace("}", "")
        nodes += f'  ask{kind}: {{ type: generate, model: medium, prompt: "{examples}; {{text}}\\n", max_tokens: 4 }}\n'
    cases = ", ".join(f"k{kind}: ask{kind}" for kind in range(KINDS))
    (folder / "p.yaml").write_text(PROMPTS.format(folder=ASSISTANT, cases=cases, nodes=nodes))
    with open(folder / "in.jsonl", "w") as out:
        for i in range(600):
            out.write(json.dumps({"id": i, "text": texts[i % len(texts)], "kind": f"k{rng.randrange(KINDS)}"}) + "\n")
    seen = {"interactive": [], "batch": []}
    for _ in range(arguments.rounds):
        for priority, rounds in seen.items():
            begin = time.monotonic()
            words = [folder / "p.yaml", "--input", folder / "in.jsonl", "--output", folder / "o", "--priority", priority]
            assert run(program, *words).wait() == 0
            rounds.append(600 / (time.monotonic() - begin))
    for priority, rounds in seen.items():
        print(f"{priority:12} {shown(rounds, '{:.1f}')} requests/s")
    print(f"ratio        {shown([b / i for i, b in zip(seen['interactive'], seen['batch'])])}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=Path, default=ROOT / "build" / "release")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--share", type=float, default=0.1, help="`batch_share` of the model")
    parser.add_argument("--prompts", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        compare = compare_prompts if arguments.prompts else compare_latency
        compare(arguments.build / "slm-graph", Path(folder), arguments)


if __name__ == "__main__":
    main()
