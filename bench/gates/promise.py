#!/usr/bin/env python3
"""Whether certified targets are kept, on CLINC150 and ISEAR: a Markdown table.

    promise.py SLM_GRAPH CERTIFIED_SPLITS DATA [SPLITS]

DATA holds clinc150/ and isear/. A nano model is trained here, in seconds; the tier above it is, on CLINC150, one that
is always right, and on ISEAR the recorded answers of GPT-3.5. ISEAR is shuffled once: the nano model is trained on the
cloud's answers to the first 3,800 lines, and the promise is about the other 3,866.
"""

import json
import pathlib
import random
import subprocess
import sys
import tempfile

CLOUD = "answers.gpt-3.5-turbo-1106"

PIPELINE = """pipeline: {name}
version: 1
entry: nano_tier
models:
  nano: {{ backend: ngram, file: {model} }}
  cloud: {{ backend: replay, file: {data}, answer_field: {answer} }}
nodes:
  nano_tier: {{ type: classify, model: nano, to: gate }}
  gate:
    type: gate
    confidence: {{ signal: max_prob }}
    accept: {{ at_least: 0.9 }}
    escalate: {{ to: top_tier }}
  top_tier: {{ type: classify, model: cloud, choices: {choices} }}
"""


def lines_of(file):
    return [json.loads(line) for line in open(file, encoding="utf-8")]


def write_lines(file, lines):
    with open(file, "w", encoding="utf-8") as output:
        for line in lines:
            output.write(json.dumps(line) + "\n")


def distinct(lines):
    """Without those whose text came before: an answer is found by its text."""
    seen = set()
    return [line for line in lines if not (line["text"] in seen or seen.add(line["text"]))]


def prepare(folder, name, slm_graph, training, data, answer):
    write_lines(folder / f"{name}.train.jsonl", training)
    write_lines(folder / f"{name}.jsonl", data)
    subprocess.run([slm_graph, "train", folder / f"{name}.train.jsonl", "--output", folder / f"{name}.slm", "--quiet"],
                   check=True)
    choices = sorted({line["label"] for line in data})
    pipeline = folder / f"{name}.yaml"
    pipeline.write_text(PIPELINE.format(name=name, model=f"{name}.slm", data=f"{name}.jsonl", answer=answer,
                                        choices=json.dumps(choices)), encoding="utf-8")
    return pipeline, folder / f"{name}.jsonl"


def main():
    slm_graph, certified_splits, data = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
    splits = sys.argv[4] if len(sys.argv) > 4 else "200"
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        stream = distinct(lines_of(data / "isear/stream.jsonl"))
        random.Random(1).shuffle(stream)
        training = [{"text": line["text"], "label": line["answers"]["gpt-3.5-turbo-1106"]} for line in stream[:3800]]
        prepared = [
            prepare(folder, "clinc150", slm_graph, lines_of(data / "clinc150/train.jsonl"),
                    distinct(lines_of(data / "clinc150/valid.jsonl")), "label"),
            prepare(folder, "isear", slm_graph, training, stream[3800:], CLOUD),
        ]
        print("| data | target | labelled | promise broken | reached | answered locally | reached quality |")
        print("|---|---|--:|--:|--:|--:|--:|", flush=True)
        for pipeline, lines in prepared:
            for target in ("relative=0.90", "relative=0.95", "agreement=0.90", "agreement=0.95"):
                subprocess.run([certified_splits, pipeline, lines, target, "0.95", splits], check=True)


if __name__ == "__main__":
    main()
