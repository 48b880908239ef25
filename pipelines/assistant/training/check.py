"""Checks an exported GGUF with llama.cpp: same tokens, same answers as in torch, and exact match on dev.jsonl.

    SLM_GRAPH_DATA=... python3 check.py ../small-q8_0.gguf runs/small --greedy ./llama_greedy --backends <llama.cpp>/lib
"""

from __future__ import annotations

import argparse
import pathlib
import subprocess

import torch

import data
import evaluate
from export import load
from model import Linear
from tokenizer import BOS


def run(args: argparse.Namespace, prompts: list[str]) -> list[tuple[list[int], float, str]]:
    found = subprocess.run([args.greedy, args.gguf, args.backends], input=b"".join(p.encode() + b"\0" for p in prompts),
                           stdout=subprocess.PIPE, check=True).stdout.decode(errors="replace").split("\0")[:-1]
    rows = [record.split("\n", 2) for record in found]
    return [([int(t) for t in ids.split()], float(least), answer) for ids, least, answer in rows]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("gguf")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--greedy", required=True, help="the program built from llama_greedy.cpp")
    parser.add_argument("--backends", required=True, help="the folder of llama.cpp's libggml-cpu-*.so")
    args = parser.parse_args()
    torch.set_num_threads(1)
    Linear.dtype = torch.float32
    model, tokenizer, saved = load(args.folder)
    readings = saved["arguments"]["readings"]

    lines = data.read_lines("dev.jsonl")
    train = data.read_lines("train.jsonl")
    unusual = [line for line in train if not line["text"].isascii()][:100]
    texts = [line["text"] for line in train[:200] + unusual] + [data.parse(l).answer() for l in train[:200] + unusual]
    texts += ["two  spaces ", " leading", "tabs\tand\u00a0more", "\u4eca\u665a \U0001f600 ok", "", "a\u2581b"]
    same = sum(ids == [BOS] + tokenizer.encode(text) for text, (ids, _, _) in zip(texts, run(args, texts)))
    print(f"tokens equal: {same} of {len(texts)}")

    requests = [line["text"] for line in lines]
    native = run(args, [(text + "\n") * readings for text in requests])
    ours = evaluate.answers(model, tokenizer, requests, readings)
    print(f"answers equal: {sum(a == answer for (a, _), (_, _, answer) in zip(ours, native))} of {len(ours)}")
    evaluate.report([(evaluate.is_same_call(answer, line["expected"]), least)
                     for line, (_, least, answer) in zip(lines, native)])


if __name__ == "__main__":
    main()
