#!/usr/bin/env python3
"""What escalated requests cost: with the smaller tier's answer as a draft or written anew, and what early exit saves.

    SLM_GRAPH_DATA=DATA bench/llama/escalated.py [--build build/release] [--rounds 5]

The assistant's small and medium models on SNIPS dev. Escalated are the requests that the gate between them does not
accept; their drafts come from a recording, so that only the medium model works. Medians, and the least and most; ratios
are of the two runs of one round.
"""

import argparse
import json
import os
import statistics
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ASSISTANT = ROOT / "pipelines" / "assistant"
LLAMA = "backend: llama, file: {folder}/{name}-q8_0.gguf, context: 256, slots: 16, kv_type: q8_0"
WRITE = 'type: generate, model: {model}, prompt: "{{text}}\\n", schema: {folder}/tool_call.schema.json, max_tokens: 96'
GATE = "type: gate, confidence: { signal: min_token_prob }, accept: { at_least: 0.531 }, escalate: { to: expert }"


def pipeline(models, nodes):
    models = "".join(f"  {name}: {{ {options} }}\n" for name, options in models.items())
    nodes_text = "".join(f"  {name}: {{ {options} }}\n" for name, options in nodes.items())
    return f"pipeline: bench\nversion: 1\nentry: {next(iter(nodes))}\nmodels:\n{models}nodes:\n{nodes_text}"


def write_by(model, more=""):
    return WRITE.format(model=model, folder=ASSISTANT) + more


class Bench:
    def __init__(self, program, folder):
        self.program, self.folder = program, folder

    def run(self, text, requests, *more):
        """Outcomes, and the run's summary."""
        file, lines, output = self.folder / "p.yaml", self.folder / "in.jsonl", self.folder / "out.jsonl"
        file.write_text(text)
        lines.write_text("".join(json.dumps({"id": one["id"], "text": one["text"]}) + "\n" for one in requests))
        command = [self.program, "run", file, "--input", lines, "--output", output, "--json", "--quiet", *more]
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in open(output)], json.loads(done.stdout)


def tier(summary, name):
    return next(one for one in summary["tiers"] if one["name"] == name)


def shown(values, form="{:.2f}"):
    return f"{form.format(statistics.median(values))} ({form.format(min(values))} to {form.format(max(values))})"


def compare_drafts(bench, escalated, rounds):
    small, medium = f"backend: replay, file: {bench.folder}/small.jsonl", LLAMA.format(folder=ASSISTANT, name="medium")
    anew = pipeline({"medium": medium}, {"expert": write_by("medium")})
    drafted = pipeline({"small": small, "medium": medium},
                       {"draft": write_by("small", ", to: expert"), "expert": write_by("medium")})
    for at_once in [1, 16]:
        seen = []
        for _ in range(rounds):
            rates, answers = [], []
            for text in (drafted, anew):
                outcomes, summary = bench.run(text, escalated, "--in-flight", at_once)
                rates.append(tier(summary, "medium")["tokens"]["generated"] / summary["seconds"])
                answers.append({one["id"]: one["answer"] for one in outcomes})
            same = sum(answers[0][i] == answers[1][i] for i in answers[0]) / len(answers[0])
            seen.append((rates[0], rates[1], rates[0] / rates[1], 100 * same))
        columns = list(zip(*seen))
        print(f"{len(escalated)} escalated requests, {at_once} at once: with drafts {shown(columns[0], '{:.0f}')} tokens/s, "
              f"anew {shown(columns[1], '{:.0f}')}, ratio {shown(columns[2])}; {statistics.median(columns[3]):.1f} % the same")


def compare_early_exit(bench, requests, rounds):
    models = {name: LLAMA.format(folder=ASSISTANT, name=name) for name in ("small", "medium")}
    seen = {}
    for _ in range(rounds):
        for early in ("false", "true"):
            text = pipeline(models, {"draft": write_by("small", f", early_exit: {early}, to: gate"), "gate": GATE,
                                     "expert": write_by("medium")})
            _, summary = bench.run(text, requests)
            seen.setdefault(early, []).append((tier(summary, "small")["tokens"]["generated"], summary["requests_per_second"]))
    for early, found in seen.items():
        print(f"early_exit: {early:5} the small model wrote {found[0][0]} tokens, {shown([one[1] for one in found], '{:.0f}')} "
              "requests/s")
    print(f"ratio {shown([b[1] / a[1] for a, b in zip(seen['false'], seen['true'])])}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=Path, default=ROOT / "build" / "release")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    requests = [json.loads(line) for line in open(Path(os.environ["SLM_GRAPH_DATA"]) / "snips" / "dev.jsonl")]
    with tempfile.TemporaryDirectory() as name:
        bench = Bench(options.build / "slm-graph", Path(name))
        cascade = pipeline({"small": LLAMA.format(folder=ASSISTANT, name="small")},
                           {"draft": write_by("small", ", to: gate"), "gate": GATE.replace(", escalate: { to: expert }", "")})
        outcomes, _ = bench.run(cascade, requests, "--record", bench.folder / "small.jsonl")
        doubtful = {one["id"] for one in outcomes if one["outcome"] == "abstained"}
        compare_drafts(bench, [one for one in requests if one["id"] in doubtful], options.rounds)
        compare_early_exit(bench, requests, options.rounds)


if __name__ == "__main__":
    main()
