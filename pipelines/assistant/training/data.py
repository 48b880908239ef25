"""Utterances with their slots as spans, and the endless variations that a model trains on."""

from __future__ import annotations

import collections
import json
import os
import pathlib
import random
import re
from dataclasses import dataclass

# Slots whose values are names: anybody can invent a new one, so the model has to learn to copy rather than to know.
NAMES = {"artist", "album", "track", "entity_name", "playlist", "object_name", "movie_name", "restaurant_name", "poi",
         "geographic_poi", "location_name", "city", "served_dish", "party_size_description"}
# Slots that mean the same whatever the intent; the others ("object_type") take values of their own intent only.
SHARED = {"artist", "playlist", "object_name", "city", "country", "state", "timeRange"}
NUMBERS = "one two three four five six seven eight nine ten eleven twelve".split()


@dataclass(frozen=True)
class Slot:
    name: str
    value: str


@dataclass(frozen=True)
class Utterance:
    intent: str
    parts: tuple[str | Slot, ...]  # literal text and slots, as they follow each other

    def text(self) -> str:
        return "".join(part.value if isinstance(part, Slot) else part for part in self.parts)

    def slots(self) -> list[Slot]:
        return [part for part in self.parts if isinstance(part, Slot)]

    def answer(self) -> str:
        return call_json(self.intent, self.slots())


def call_json(intent: str, slots: list[Slot]) -> str:
    call = {"intent": intent} | {slot.name: slot.value for slot in slots}
    return json.dumps(call, ensure_ascii=False, separators=(",", ":"))


def read_json_lines(path: pathlib.Path) -> list[dict]:
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def read_lines(name: str) -> list[dict]:
    return read_json_lines(pathlib.Path(os.environ["SLM_GRAPH_DATA"]) / "snips" / name)


def parse(line: dict) -> Utterance | None:
    """Finds each value in the text, left to right; None where a value stands out of order."""
    text, position, parts = line["text"], 0, []
    for name, value in line["expected"].items():
        if name == "intent":
            continue
        whole_word = re.compile(r"(?<!\w)" + re.escape(value) + r"(?!\w)")
        match = whole_word.search(text, position) or re.compile(re.escape(value)).search(text, position)
        if not match:
            return None
        parts += [text[position:match.start()], Slot(name, value)]
        position = match.end()
    parts.append(text[position:])
    return Utterance(line["expected"]["intent"], tuple(p for p in parts if p != ""))


def call_pieces(lines: list[dict]) -> list[str]:
    """The fixed parts of a tool call's JSON, each one token of the vocabulary."""
    intents = sorted({line["expected"]["intent"] for line in lines})
    slots = sorted({name for line in lines for name in line["expected"]} - {"intent"})
    return ['{"intent":"' + i for i in intents] + ['","' + s + '":"' for s in slots] + ['"}']


class Augmenter:
    """Swaps slot values between utterances, invents names, and varies case and punctuation, alike in text and answer."""

    def __init__(self, utterances: list[Utterance], seed: int, plain: float = 0.35):
        self.utterances, self.plain = utterances, plain
        self.random = random.Random(seed)
        counts: dict[str, collections.Counter] = collections.defaultdict(collections.Counter)
        for utterance in utterances:
            for slot in utterance.slots():
                counts[self.kind(utterance.intent, slot.name)][slot.value] += 1
        self.frequent = {kind: list(c.elements()) for kind, c in counts.items()}
        self.distinct = {kind: list(c) for kind, c in counts.items()}
        self.words_of_names = [word for kind, values in self.distinct.items() if kind.split(".")[-1] in NAMES
                               for value in values for word in value.split()]

    @staticmethod
    def kind(intent: str, name: str) -> str:
        return name if name in SHARED else f"{intent}.{name}"

    def epoch(self):
        """Every utterance once, in random order."""
        order = list(self.utterances)
        self.random.shuffle(order)
        for utterance in order:
            yield utterance if self.random.random() < self.plain else self.vary(utterance)

    def vary(self, utterance: Utterance) -> Utterance:
        rng = self.random
        rate = rng.choice((0.0, 0.4, 0.8, 1.0))
        parts = tuple(Slot(p.name, self.value(self.kind(utterance.intent, p.name), p.name))
                      if isinstance(p, Slot) and rng.random() < rate else p for p in utterance.parts)
        return self.restyle(Utterance(utterance.intent, parts))

    def value(self, kind: str, name: str) -> str:
        rng, draw = self.random, self.random.random()
        frequent, distinct = self.frequent[kind], self.distinct[kind]
        if name == "timeRange":
            return self.renumber(rng.choice(distinct if draw < 0.5 else frequent))
        if name not in NAMES:
            return rng.choice(distinct if draw < 0.15 else frequent)
        if draw < 0.25:
            return rng.choice(frequent)
        if draw < 0.72:
            return rng.choice(distinct)
        if draw < 0.92:
            return self.recombine(rng.choice(distinct), rng.choice(distinct))
        words = rng.choice(distinct).split()
        words[rng.randrange(len(words))] = rng.choice(self.words_of_names)
        return " ".join(words)

    def renumber(self, time: str) -> str:
        """Other figures and number words in half of the times: "in 5 minutes", "ten pm"."""
        if self.random.random() < 0.5:
            return time
        time = re.sub(r"(?<!\d)[1-9](?!\d)", lambda _: str(self.random.randint(1, 9)), time)
        return re.sub(r"\b(" + "|".join(NUMBERS) + r")\b", lambda _: self.random.choice(NUMBERS), time)

    def recombine(self, one: str, other: str) -> str:
        head, tail = one.split(), other.split()
        joined = head[:self.random.randint(1, len(head))] + tail[self.random.randint(0, len(tail) - 1):]
        return " ".join(joined[:8])

    def restyle(self, utterance: Utterance) -> Utterance:
        rng, parts = self.random, list(utterance.parts)
        draw = rng.random()
        if draw < 0.12:
            change = str.lower
        elif draw < 0.15:
            change = lambda s: re.sub(r"(?<![\w'])\w", lambda m: m.group().upper(), s)
        elif draw < 0.18:
            change = str.upper
        else:
            change = None
        if change:
            parts = [Slot(p.name, change(p.value)) if isinstance(p, Slot) else change(p) for p in parts]
        elif rng.random() < 0.15:  # one value alone in lower or title case
            where = [i for i, p in enumerate(parts) if isinstance(p, Slot) and p.name in NAMES]
            if where:
                i = rng.choice(where)
                parts[i] = Slot(parts[i].name, rng.choice((str.lower, str.title))(parts[i].value))
        if rng.random() < 0.08:
            last = parts[-1]
            if isinstance(last, str) and last in (".", "?", "!"):
                parts.pop()
            elif isinstance(last, Slot):
                parts.append(rng.choice((".", "?", "!")))
        if isinstance(parts[0], str) and rng.random() < 0.05:
            flip = parts[0][:1].lower() if parts[0][:1].isupper() else parts[0][:1].upper()
            parts[0] = flip + parts[0][1:]
        return Utterance(utterance.intent, tuple(parts))
