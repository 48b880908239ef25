"""Greedy decoding in float32: exact match, and how well the least certain token ranks the answers.

    SLM_GRAPH_DATA=... python3 evaluate.py runs/small --errors 20
    python3 evaluate.py runs/small --requests ../requests.jsonl
"""

from __future__ import annotations

import argparse
import collections
import json
import pathlib

import torch

import data
from export import load
from model import Linear, Llama
from tokenizer import BOS, EOS, Tokenizer


@torch.no_grad()
def generate(model: Llama, prompts: list[list[int]], limit: int = 96) -> list[tuple[list[int], float]]:
    """Answers to prompts of one length, each with the probability of its least certain token."""
    ids = torch.tensor(prompts)
    least = torch.ones(len(prompts))
    done = torch.zeros(len(prompts), dtype=torch.bool)
    while not done.all() and ids.shape[1] < len(prompts[0]) + limit:
        last = torch.zeros_like(ids, dtype=torch.bool)
        last[:, -1] = True
        probability, token = torch.softmax(model(ids, last), -1).max(-1)
        least = torch.where(done, least, torch.minimum(least, probability))
        ids = torch.cat((ids, torch.where(done, EOS, token)[:, None]), 1)
        done |= token == EOS
    return list(zip((row[len(prompts[0]):].tolist() for row in ids), least.tolist()))


def answers(model: Llama, tokenizer: Tokenizer, texts: list[str], readings: int) -> list[tuple[str, float]]:
    prompts = [[BOS] + tokenizer.encode(text + "\n") * readings for text in texts]
    by_length = collections.defaultdict(list)
    for i, prompt in enumerate(prompts):
        by_length[len(prompt)].append(i)
    found: dict[int, tuple[str, float]] = {}
    for group in by_length.values():
        for i, (ids, least) in zip(group, generate(model, [prompts[i] for i in group])):
            found[i] = tokenizer.decode([t for t in ids if t != EOS]), least
    return [found[i] for i in range(len(texts))]


def is_same_call(answer: str, expected: dict) -> bool:
    try:
        return json.loads(answer) == expected
    except json.JSONDecodeError:
        return False


def report(results: list[tuple[bool, float]]) -> None:
    """Exact match over all, over the surest parts, and what each bar of min_token_prob would accept."""
    ranked = sorted(results, key=lambda result: -result[1])
    share_right = lambda part: sum(right for right, _ in part) / max(1, len(part))
    print(f"exact match {share_right(ranked):.3f} of {len(ranked)}")
    for share in (0.5, 0.7):
        part = ranked[:round(share * len(ranked))]
        print(f"surest {share:.0%}: {share_right(part):.3f} right, min_token_prob >= {part[-1][1]:.3f}")
    for bar in (0.5, 0.6, 0.7, 0.8, 0.9, 0.95):
        part = [result for result in ranked if result[1] >= bar]
        print(f"min_token_prob >= {bar}: {len(part) / len(ranked):.3f} accepted, {share_right(part):.3f} right")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--requests", type=pathlib.Path, help="JSON lines with `text` and `expected`; dev.jsonl, without")
    parser.add_argument("--errors", type=int, default=0, help="how many wrong answers to print")
    args = parser.parse_args()
    torch.set_num_threads(1)
    Linear.dtype = torch.float32
    model, tokenizer, saved = load(args.folder)
    lines = data.read_json_lines(args.requests) if args.requests else data.read_lines("dev.jsonl")
    lines = [line for line in lines if "expected" in line]
    found = answers(model, tokenizer, [line["text"] for line in lines], saved["arguments"]["readings"])
    results = [(is_same_call(answer, line["expected"]), least) for line, (answer, least) in zip(lines, found)]
    report(results)
    wrong = [(line, answer) for line, (answer, _), (right, _) in zip(lines, found, results) if not right]
    for line, answer in wrong[:args.errors]:
        print(f"{line['text']}\n  is   {json.dumps(line['expected'], ensure_ascii=False)}\n  got  {answer}")


if __name__ == "__main__":
    main()
