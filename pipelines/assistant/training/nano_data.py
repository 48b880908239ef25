"""Writes the nano filter's training or validation lines: what the assistant can do, and what is out of scope.

    SLM_GRAPH_DATA=... python3 nano_data.py train >train.jsonl     # or: valid

In scope are the seven intents of SNIPS, under their names; out of scope is CLINC150 without the intents that ask
for the same things. SNIPS is written with capitals and punctuation and CLINC150 without, which would give the
classes away, so half of each is rewritten in the manner of the other.
"""

import json
import os
import pathlib
import random
import sys

SAME_THINGS = {"play_music", "next_song", "what_song", "update_playlist", "weather", "restaurant_reservation",
               "restaurant_suggestion"}
FILES = {"train": ("snips/train.jsonl", "clinc150/train.jsonl"), "valid": ("snips/dev.jsonl", "clinc150/valid.jsonl")}


def lines(file: pathlib.Path) -> list[dict]:
    with open(file, encoding="utf-8") as stream:
        return [json.loads(line) for line in stream]


def without_manners(text: str) -> str:
    return text.lower().rstrip(" ?.!,")


def with_manners(text: str, chance: random.Random) -> str:
    return text[:1].upper() + text[1:] + chance.choice(["?", ".", "!", ""])


def main() -> None:
    in_scope, others = FILES[sys.argv[1]]
    data = pathlib.Path(os.environ["SLM_GRAPH_DATA"])
    chance = random.Random(1)
    examples = []
    for line in lines(data / in_scope):
        text = without_manners(line["text"]) if chance.random() < 0.5 else line["text"]
        examples.append({"text": text, "label": line["label"]})
    for line in lines(data / others):
        if line["label"] in SAME_THINGS:
            continue
        text = with_manners(line["text"], chance) if chance.random() < 0.5 else line["text"]
        examples.append({"text": text, "label": "out_of_scope"})
    chance.shuffle(examples)
    for example in examples:
        print(json.dumps(example, ensure_ascii=False))


if __name__ == "__main__":
    main()
