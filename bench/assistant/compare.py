#!/usr/bin/env python3
"""The assistant pipeline against its medium model alone: requests a second and exact match, side by side.

    SLM_GRAPH_DATA=DATA bench/assistant/compare.py build/release/slm-graph [--repeats 5]

Two inputs: SNIPS dev, where every request is in scope, and the same with as many CLINC150 requests out of scope, which
the medium model alone cannot reject. The pipelines run in turn, so that both meet the same machine; the load of the models
is not counted. Prints a Markdown table of medians, with the least and the most.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
PIPELINES = {"cascade": HERE / "../../pipelines/assistant/assistant.yaml", "medium alone": HERE / "medium_only.yaml"}


def lines(file: pathlib.Path) -> list[dict]:
    with open(file, encoding="utf-8") as stream:
        return [json.loads(line) for line in stream]


def inputs(data: pathlib.Path) -> dict[str, list[dict]]:
    in_scope = [{"id": line["id"], "text": line["text"], "expected": line["expected"]}
                for line in lines(data / "snips/dev.jsonl")]
    others = [{"id": line["id"], "text": line["text"], "expected_outcome": "rejected"}
              for line in lines(data / "clinc150/valid.jsonl") if line["label"] == "out_of_scope" or line["id"][-1] in "369"]
    return {"SNIPS dev": in_scope, "half out of scope": in_scope + others[:len(in_scope)]}


def run(program: str, pipeline: pathlib.Path, requests: pathlib.Path, output: pathlib.Path) -> dict:
    command = [program, "run", str(pipeline), "--input", str(requests), "--output", str(output), "--json", "--quiet"]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def spread(values: list[float]) -> str:
    return f"{statistics.median(values):,.0f} ({min(values):,.0f} to {max(values):,.0f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", help="the slm-graph command")
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    data = pathlib.Path(os.environ["SLM_GRAPH_DATA"])
    print("| input | pipeline | requests a second | ratio | right | settled by nano / small / medium |")
    print("|---|---|---:|---:|---:|---|")
    with tempfile.TemporaryDirectory() as folder:
        requests, output = pathlib.Path(folder) / "requests.jsonl", pathlib.Path(folder) / "outcomes.jsonl"
        for name, content in inputs(data).items():
            requests.write_text("".join(json.dumps(line) + "\n" for line in content), encoding="utf-8")
            found = {pipeline: [] for pipeline in PIPELINES}
            for _ in range(arguments.repeats):
                for pipeline, file in PIPELINES.items():
                    found[pipeline].append(run(arguments.program, file, requests, output))
            rates = {pipeline: [one["requests_per_second"] for one in runs] for pipeline, runs in found.items()}
            for pipeline, runs in found.items():
                ratio = statistics.median(ours / theirs for ours, theirs in zip(rates[pipeline], rates["medium alone"]))
                shares = {tier["name"]: tier["share"] for tier in runs[0]["tiers"]}
                settled = " / ".join(f"{100 * shares.get(tier, 0):.1f} %" for tier in ("nano", "small", "medium"))
                print(f"| {name} ({len(content):,}) | {pipeline} | {spread(rates[pipeline])} | {ratio:.2f} × | "
                      f"{100 * runs[0]['accuracy']['accuracy']:.1f} % | {settled} |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
