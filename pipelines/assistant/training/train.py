"""Trains one model and leaves `model.pt` in its folder; run again with the same arguments to resume.

    SLM_GRAPH_DATA=... python3 train.py --name small --width 64 --layers 4 --heads 2 --feed-forward 192 --steps 2600
"""

from __future__ import annotations

import argparse
import json
import math
import pathlib
import random
import time

import torch
from torch.nn import functional as F

import data
from model import Llama, Shape
from muon import Muon
from tokenizer import BOS, EOS, Tokenizer

LOSS_SHARE_OF_PROMPT = 0.3  # of the prompt's positions, drawn anew for each batch, so that few logits are computed
WARM_UP = 0.03  # of the schedule


def encode(tokenizer: Tokenizer, utterance: data.Utterance, readings: int) -> tuple[list[int], int]:
    """The ids of a whole example and how many of them are the prompt."""
    prompt = [BOS] + tokenizer.encode(utterance.text() + "\n") * readings
    return prompt + tokenizer.encode(utterance.answer()) + [EOS], len(prompt)


def batches(augmenter: data.Augmenter, tokenizer: Tokenizer, readings: int, token_budget: int):
    """Endless batches of about `token_budget` tokens, sorted by length within a stretch of the data."""
    shuffle = random.Random(augmenter.random.random())
    pool: list[tuple[list[int], int]] = []
    while True:
        for utterance in augmenter.epoch():
            pool.append(encode(tokenizer, utterance, readings))
            if len(pool) < 3000:
                continue
            pool.sort(key=lambda example: len(example[0]) + shuffle.random())
            cut, batch = [], []
            for example in pool:
                if batch and (len(batch) + 1) * len(example[0]) > token_budget:
                    cut.append(batch)
                    batch = []
                batch.append(example)
            pool = batch if len(batch) < 16 else []
            cut += [batch] if not pool else []
            shuffle.shuffle(cut)
            yield from cut


def tensors(batch: list[tuple[list[int], int]], prompt_weight: float) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Ids, and for each position the target's weight in the loss, answers 1 and a sample of the prompts."""
    length = max(len(ids) for ids, _ in batch)
    ids = torch.full((len(batch), length), EOS)
    weights = torch.zeros(len(batch), length - 1)
    for row, (example, prompt) in enumerate(batch):
        ids[row, :len(example)] = torch.tensor(example)
        weights[row, prompt - 1:len(example) - 1] = 1.0
        if prompt_weight:
            sampled = torch.rand(prompt - 1) < LOSS_SHARE_OF_PROMPT
            weights[row, :prompt - 1] = sampled * (prompt_weight / LOSS_SHARE_OF_PROMPT)
    return ids[:, :-1], ids[:, 1:], weights


@torch.no_grad()
def exact_match(model: Llama, examples: list[tuple[list[int], int]]) -> tuple[float, float]:
    """Share of answers that greedy decoding gets right, token for token, and the answers' mean loss."""
    model.eval()
    right, loss, count = 0, 0.0, 0
    ordered = sorted(examples, key=lambda example: len(example[0]))
    for start in range(0, len(ordered), 50):
        ids, targets, weights = tensors(ordered[start:start + 50], 0.0)
        where = weights > 0
        logits = model(ids, where)
        wrong = torch.zeros_like(where)
        wrong[where] = logits.argmax(-1) != targets[where]
        right += int((~wrong.any(1)).sum())
        loss += float(F.cross_entropy(logits, targets[where], reduction="sum"))
        count += int(where.sum())
    model.train()
    return right / len(examples), loss / count


def learning_rate(progress: float, warmup: float) -> float:
    """Warm-up, then cosine to zero."""
    return progress / warmup if progress < warmup else 0.5 * (1 + math.cos(math.pi * (progress - warmup) / (1 - warmup)))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--name", required=True)
    parser.add_argument("--width", type=int, required=True)
    parser.add_argument("--layers", type=int, required=True)
    parser.add_argument("--heads", type=int, required=True)
    parser.add_argument("--feed-forward", type=int, required=True)
    parser.add_argument("--readings", type=int, default=1, help="how often the prompt repeats the request")
    parser.add_argument("--minutes", type=float, default=0, help="length of the schedule by the clock")
    parser.add_argument("--steps", type=int, default=0, help="length of the schedule in steps, for a repeatable run")
    parser.add_argument("--batch-tokens", type=int, default=3072)
    parser.add_argument("--rate", type=float, default=0.02, help="learning rate of the matrices (Muon)")
    parser.add_argument("--embedding-rate", type=float, default=0.004, help="learning rate of everything else (Adam)")
    parser.add_argument("--weight-decay", type=float, default=0.05)
    parser.add_argument("--prompt-weight", type=float, default=0.1, help="of a prompt's token in the loss")
    parser.add_argument("--plain", type=float, default=0.35, help="share of utterances left as they are")
    parser.add_argument("--dropout", type=float, default=0.0)
    parser.add_argument("--average", type=float, default=0.998, help="decay of the running mean of weights")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", default="runs")
    return parser.parse_args()


class Run:
    """A model in training with everything that a checkpoint holds."""

    def __init__(self, args: argparse.Namespace):
        self.args, self.folder = args, pathlib.Path(args.out) / args.name
        self.folder.mkdir(parents=True, exist_ok=True)
        self.tokenizer = Tokenizer.load(pathlib.Path(args.out) / "tokenizer.json")
        pieces = self.tokenizer.pieces
        self.shape = Shape(len(pieces), args.width, args.layers, args.heads, args.feed_forward)
        self.model = Llama(self.shape, pieces, args.dropout)
        self.averaged = {name: p.detach().clone() for name, p in self.model.named_parameters()}
        self.optimizer = Muon(self.model, args.rate, args.embedding_rate, args.weight_decay)
        self.step_count, self.elapsed_s = 0, 0.0

    def progress(self) -> float:
        """How much of the schedule is done, from 0 to 1."""
        by_clock = self.elapsed_s / 60 / self.args.minutes if self.args.minutes else 0
        by_steps = self.step_count / self.args.steps if self.args.steps else 0
        return min(1.0, max(by_clock, by_steps))

    def step(self, batch: list[tuple[list[int], int]]) -> float:
        started = time.time()
        ids, targets, weights = tensors(batch, self.args.prompt_weight)
        where = weights > 0
        losses = F.cross_entropy(self.model(ids, where), targets[where], reduction="none")
        loss = (losses * weights[where]).sum() / weights[where].sum()
        self.optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step(learning_rate(self.progress(), WARM_UP))
        self.step_count += 1
        decay = min(self.args.average, self.step_count / (self.step_count + 10))
        with torch.no_grad():
            for name, p in self.model.named_parameters():
                self.averaged[name].lerp_(p, 1 - decay)
        self.elapsed_s += time.time() - started
        return float(loss.detach())

    def evaluate(self, examples: list[tuple[list[int], int]]) -> tuple[float, float]:
        """Exact match and loss of the averaged weights, which also become `model.pt`."""
        own = {name: p.detach().clone() for name, p in self.model.named_parameters()}
        self.model.load_state_dict(self.averaged)
        result = exact_match(self.model, examples)
        torch.save({"model": self.averaged, "shape": self.shape.as_dict(), "arguments": vars(self.args),
                    "steps": self.step_count, "minutes": self.elapsed_s / 60}, self.folder / "model.pt")
        self.model.load_state_dict(own)
        return result

    def save(self) -> None:
        half_written = self.folder / "checkpoint.tmp"
        torch.save({"model": self.model.state_dict(), "optimizer": self.optimizer.state_dict(),
                    "averaged": self.averaged, "step": self.step_count, "elapsed": self.elapsed_s}, half_written)
        half_written.rename(self.folder / "checkpoint.pt")

    def resume(self) -> None:
        if not (self.folder / "checkpoint.pt").exists():
            return
        state = torch.load(self.folder / "checkpoint.pt")
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.averaged, self.step_count, self.elapsed_s = state["averaged"], state["step"], state["elapsed"]


def main() -> None:
    args = arguments()
    torch.set_num_threads(1)
    torch.manual_seed(args.seed)
    run = Run(args)
    run.resume()
    print(json.dumps(vars(args) | {"parameters": run.model.parameter_count(), "from_step": run.step_count}), flush=True)
    utterances = [u for u in map(data.parse, data.read_lines("train.jsonl")) if u]
    held_out = [encode(run.tokenizer, u, args.readings) for u in map(data.parse, data.read_lines("dev.jsonl")) if u]
    source = batches(data.Augmenter(utterances, args.seed + run.step_count, args.plain), run.tokenizer, args.readings,
                     args.batch_tokens)
    mean_loss, saved = 0.0, time.time()
    while run.progress() < 1:
        loss = run.step(next(source))
        mean_loss = 0.98 * mean_loss + 0.02 * loss if mean_loss else loss
        if run.step_count % 200 == 0 or run.progress() >= 1:
            right, held_out_loss = run.evaluate(held_out)
            print(f"step {run.step_count} minutes {run.elapsed_s / 60:.1f} progress {run.progress():.3f} "
                  f"loss {mean_loss:.4f} dev loss {held_out_loss:.4f} exact {right:.3f}", flush=True)
        if time.time() - saved > 180 or run.progress() >= 1:
            run.save()
            saved = time.time()


if __name__ == "__main__":
    main()
