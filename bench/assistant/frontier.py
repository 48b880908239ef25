#!/usr/bin/env python3
"""The assistant's accuracy against its compute: the cascade's frontier, as tuned, and each tier alone.

    SLM_GRAPH_DATA=DATA bench/assistant/frontier.py build/release/slm-graph [--tune]

The lines are SNIPS dev and CLINC150's validation lines that are out of scope, which are to be rejected. Compute is the
language models' floating-point operations, two for each parameter and token; the nano filter's are too few to show. Every
model is asked once for each line; all figures are of its recorded answers. Prints three Markdown tables: frontier and tiers,
and the calibration errors of the gates before and after `calibrate`. With --tune, the bars of the committed pipeline are
written anew first.
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ASSISTANT = HERE / "../../pipelines/assistant"
PARAMETERS = {"small": 344_640, "medium": 3_049_920}
TARGET = ["--target", "accuracy=0.80", "--confidence", "0.95"]
ALONE = """
pipeline: {model}_alone
version: 1
entry: write
models:
  {model}: {{ backend: llama, file: {model}-q8_0.gguf, context: 256, slots: 16, kv_type: q8_0 }}
nodes:
  write: {{ type: generate, model: {model}, prompt: "{{text}}\\n", schema: tool_call.schema.json, max_tokens: 96 }}
"""

# calibrate looks at gates that a tier follows; which one does not matter.
MEDIUM_GATED = """
pipeline: medium_gated
version: 1
entry: expert
models:
  small:  { backend: llama }
  medium: { backend: llama }
nodes:
  expert: { type: generate, model: medium, prompt: "{text}\\n", schema: tool_call.schema.json, max_tokens: 96, to: gate }
  gate:   { type: gate, confidence: { signal: min_token_prob }, accept: { at_least: 0.5 }, escalate: { to: draft } }
  draft:  { type: generate, model: small, prompt: "{text}\\n", schema: tool_call.schema.json, max_tokens: 96 }
"""


def lines(file: pathlib.Path) -> list[dict]:
    with open(file, encoding="utf-8") as stream:
        return [json.loads(line) for line in stream]


def labelled(data: pathlib.Path) -> list[dict]:
    in_scope = [{"id": line["id"], "text": line["text"], "expected": line["expected"]}
                for line in lines(data / "snips/dev.jsonl")]
    others = [{"id": line["id"], "text": line["text"], "expected_outcome": "rejected"}
              for line in lines(data / "clinc150/valid.jsonl") if line["label"] == "out_of_scope"]
    return in_scope + others


def replayed(pipeline: str) -> str:
    """The pipeline with recorded models, priced by their floating-point operations: a million tokens take so many tera."""
    for model, parameters in PARAMETERS.items():
        price = 2 * parameters / 1e6
        pipeline = re.sub(rf"\b{model}:( *){{ backend: llama[^}}]*}}",
                          rf"{model}:\1{{ backend: replay, file: recorded.jsonl, price: {{ input: {price}, output: {price} }} }}",
                          pipeline)
    return pipeline


def json_of(program: str, *arguments: str) -> dict:
    done = subprocess.run([program, *arguments, "--json", "--quiet"], check=False, capture_output=True, text=True)
    if not done.stdout:
        sys.exit(f"{' '.join(arguments)}: {done.stderr}")
    return json.loads(done.stdout)


def measured(evaluated: dict) -> str:
    accuracy, cost = evaluated["accuracy"], evaluated["a_line"]["cost"]
    shares = " / ".join(f"{100 * tier['share']['value']:.1f} %" for tier in evaluated["tiers"])
    return (f"{100 * accuracy['value']:.1f} % ({100 * accuracy['low']:.1f} to {100 * accuracy['high']:.1f}) | "
            f"{1e6 * cost['value']:.0f} | {shares}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", help="the slm-graph command")
    parser.add_argument("--tune", action="store_true", help="write the bars of the committed pipeline anew")
    arguments = parser.parse_args()
    program = str(pathlib.Path(arguments.program).resolve())
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        for file in ASSISTANT.iterdir():
            if file.is_file():
                (work / file.name).symlink_to(file.resolve())
        data = work / "snips_and_out_of_scope.jsonl"
        content = labelled(pathlib.Path(os.environ["SLM_GRAPH_DATA"]))
        data.write_text("".join(json.dumps(line) + "\n" for line in content), encoding="utf-8")
        committed = ASSISTANT / "assistant.yaml"
        recorded = ["--record", str(work / "recorded.jsonl")]
        where = [] if arguments.tune else ["--dry-run"]
        tuned = json_of(program, "tune", str(committed), "--data", str(data), *TARGET, *recorded, *where)
        if not tuned["reached"]:
            sys.exit("no bars reach the target")
        print(f"bars: {tuned['now']['bars']}\n")
        cascade = work / "cascade.yaml"
        cascade.write_text(replayed(committed.read_text(encoding="utf-8")), encoding="utf-8")

        print("| pipeline | right | MFLOP a request | settled by tier |\n|---|---:|---:|---|")
        for model in PARAMETERS:
            alone = work / f"{model}_alone.yaml"
            alone.write_text(replayed(ALONE.format(model=model)), encoding="utf-8")
            print(f"| {model} alone | {measured(json_of(program, 'evaluate', str(alone), '--data', str(data)))} |")
        print(f"| cascade as committed | {measured(json_of(program, 'evaluate', str(cascade), '--data', str(data)))} |\n")

        frontier = json_of(program, "tune", str(cascade), "--data", str(data), *TARGET, "--minimise", "cost", "--dry-run")
        print("| MFLOP a request | right |\n|---:|---:|")
        best = None
        for point in sorted(frontier["frontier"], key=lambda point: point["spend"]):
            if best is None or point["target"] >= best + 0.01:
                best = point["target"]
                print(f"| {1e6 * point['spend']:.0f} | {100 * best:.1f} % |")

        print("\n| tier | answers right | ECE before | ECE after | by |\n|---|---:|---:|---:|---|")
        gated = work / "medium_gated.yaml"
        gated.write_text(replayed(MEDIUM_GATED), encoding="utf-8")
        for pipeline, tiers in ((cascade, ["nano", "small"]), (gated, ["medium"])):
            calibrated = json_of(program, "calibrate", str(pipeline), "--data", str(data), "--dry-run")
            for tier, gate in zip(tiers, calibrated["gates"]):
                print(f"| {tier} | {100 * gate['accuracy']:.1f} % | {gate['before']['ece']:.4f} | "
                      f"{gate['after']['ece']:.4f} | {gate['why'].split(':')[0]} |")


if __name__ == "__main__":
    main()
