"""The tokenizer both models share: byte-pair merges that cut a value the same way wherever it stands.

A tool call copies values out of the request. In an ordinary vocabulary the copy is not a copy: " Teitur" in the request
and "Teitur" behind a quote in the answer are cut into different pieces, and the model has to spell. Here merges are
learned inside words only and a piece's form with a leading space is merged last, so every word has one segmentation and
the two forms differ in their first piece alone. Merges never mix letters, digits and punctuation, so "GU" is the same
two letters in "GU?". Each fixed part of a call (`","artist":"`) is one user-defined piece.

The rules are those of SentencePiece BPE (best score first, then leftmost), which is what llama.cpp's "llama" tokenizer runs.
"""

from __future__ import annotations

import argparse
import collections
import json
import re

import data

SPACE = "\u2581"
UNK, BOS, EOS = 0, 1, 2
NORMAL, UNKNOWN, CONTROL, USER_DEFINED, BYTE = 1, 2, 3, 4, 6  # SentencePiece's piece types


def char_class(char: str) -> str:
    return "letter" if char.isalpha() else "digit" if char.isdigit() else "other"


class Tokenizer:
    def __init__(self, pieces: list[str], scores: list[float], types: list[int]):
        self.pieces, self.scores, self.types = pieces, scores, types
        self.ids = {piece: i for i, piece in enumerate(pieces)}
        self.byte_ids = [self.ids[f"<0x{b:02X}>"] for b in range(256)]
        self.mergeable = {p: s for p, s, t in zip(pieces, scores, types) if t == NORMAL}
        user = [p for p, t in zip(pieces, types) if t == USER_DEFINED]
        self.user = set(user)
        self.user_pattern = re.compile("(" + "|".join(map(re.escape, sorted(user, key=len, reverse=True))) + ")")
        self.cache: dict[str, list[int]] = {}

    def encode(self, text: str) -> list[int]:
        ids: list[int] = []
        for fragment in self.user_pattern.split(text):
            if fragment in self.user:
                ids.append(self.ids[fragment])
                continue
            for word in re.findall(f"{SPACE}?[^{SPACE}]+|{SPACE}", fragment.replace(" ", SPACE)):
                found = self.cache.get(word)
                if found is None:
                    found = self.cache[word] = self.encode_word(word)
                ids += found
        return ids

    def encode_word(self, word: str) -> list[int]:
        symbols = list(word)
        while len(symbols) > 1:
            scored = [(self.mergeable.get(a + b), i) for i, (a, b) in enumerate(zip(symbols, symbols[1:]))]
            scored = [(score, -i) for score, i in scored if score is not None]
            if not scored:
                break
            i = -max(scored)[1]
            symbols[i:i + 2] = [symbols[i] + symbols[i + 1]]
        ids: list[int] = []
        for symbol in symbols:
            if symbol in self.mergeable:
                ids.append(self.ids[symbol])
            else:
                ids += [self.byte_ids[b] for b in symbol.encode()]
        return ids

    def decode(self, ids: list[int]) -> str:
        out = b""
        for i in ids:
            if self.types[i] == BYTE:
                out += bytes([self.byte_ids.index(i)])
            elif self.types[i] in (NORMAL, USER_DEFINED):
                out += self.pieces[i].replace(SPACE, " ").encode()
        return out.decode(errors="replace")

    def save(self, path) -> None:
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"pieces": self.pieces, "scores": self.scores, "types": self.types}, file, ensure_ascii=False)

    @classmethod
    def load(cls, path) -> "Tokenizer":
        with open(path, encoding="utf-8") as file:
            return cls(**json.load(file))


def word_counts(texts: list[str]) -> collections.Counter:
    """Words as (starts with a space, run of one character class) with how often they occur, lower case counted less."""
    counts: collections.Counter = collections.Counter()
    for text in texts:
        for weight, form in ((2, text), (1, text.lower())):
            for match in re.finditer(r"[^\W\d_]+|\d+|[^\w\s]+|_+", form):
                spaced = match.start() > 0 and form[match.start() - 1] == " "
                counts[spaced, match.group()] += weight
    return counts


def train(texts: list[str], call_pieces: list[str], size: int) -> Tokenizer:
    counts = word_counts(texts)
    words: collections.Counter = collections.Counter()
    chars: collections.Counter = collections.Counter()
    for (_, word), count in counts.items():
        words[word] += count
        for char in word:
            chars[char] += count
    alphabet = sorted(char for char in chars if chars[char] >= 6 or char.isascii())
    fixed = ["<unk>", "<s>", "</s>"] + [f"<0x{b:02X}>" for b in range(256)] + call_pieces
    split = {word: list(word) for word in words}
    known = set(alphabet)
    merges: list[str] = []

    def pieces_after_space() -> list[str]:
        first: collections.Counter = collections.Counter()
        for (spaced, word), count in counts.items():
            if spaced:
                first[split[word][0]] += count
        return [piece for piece, count in first.most_common() if count >= 6 and piece in known]

    def most_common_pairs(limit: int) -> list[tuple[str, str]]:
        pairs: collections.Counter = collections.Counter()
        for word, symbols in split.items():
            if char_class(word[0]) != "other":
                for pair in zip(symbols, symbols[1:]):
                    if pair[0] in known and pair[1] in known:
                        pairs[pair] += words[word]
        return [pair for pair, _ in pairs.most_common(limit)]

    def room() -> int:
        return size - len(fixed) - len(alphabet) - len(merges) - 1

    while room() > len(pieces_after_space()):
        touched: set[str] = set()
        for pair in most_common_pairs(8):  # several merges a pass, as long as they share no symbol
            if touched & set(pair) or "".join(pair) in known:
                continue
            touched |= set(pair)
            merges.append("".join(pair))
            known.add(merges[-1])
            for symbols in split.values():
                for i in range(len(symbols) - 2, -1, -1):
                    if (symbols[i], *symbols[i + 1:i + 2]) == pair:
                        symbols[i:i + 2] = [merges[-1]]
    learned = merges + [SPACE + piece for piece in pieces_after_space()[:room()]] + [SPACE] + alphabet
    return Tokenizer(fixed + learned,
                     [0.0] * len(fixed) + [-float(rank) for rank in range(len(learned))],
                     [UNKNOWN, CONTROL, CONTROL] + [BYTE] * 256 + [USER_DEFINED] * len(call_pieces) + [NORMAL] * len(learned))


def main() -> None:
    parser = argparse.ArgumentParser(description="Learns the vocabulary from the training requests.")
    parser.add_argument("output", help="the JSON file to write")
    parser.add_argument("--size", type=int, default=2048)
    args = parser.parse_args()
    lines = data.read_lines("train.jsonl")
    train([line["text"] for line in lines], data.call_pieces(lines), args.size).save(args.output)


if __name__ == "__main__":
    main()
