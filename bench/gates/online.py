#!/usr/bin/env python3
"""Accuracy and agreement against calls to the cloud where the edge learns from the cloud: Markdown tables.

    online.py ONLINE_STREAM DATA [SHUFFLES]

The ISEAR stream with GPT-3.5's recorded answers, in its own order and shuffled. A gate with a fixed bar stands before
an ngram model that learns from the first line on; what lies between two bars is interpolated. For comparison, a TF-IDF
logistic regression (scikit-learn's defaults) is trained on the cloud's answers to the first half and escalates those
of the second half that it is least sure of.
"""

import json
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile

CLOUD = "gpt-3.5-turbo-1106"
BARS = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
PROMISES = (0.85, 0.9)
LABELS = "[anger, disgust, fear, guilt, joy, sadness, shame]"
PIPELINE = f"""pipeline: stream
version: 1
entry: nano_tier
models:
  nano:  {{{{ backend: ngram, learn: {{{{ folder: learned, labels: {LABELS}, wait: true, hold_out: {{hold_out}} }}}} }}}}
  cloud: {{{{ backend: replay, file: {{data}}, answer_field: answers.{CLOUD}, key: id }}}}
nodes:
  nano_tier: {{{{ type: classify, model: nano, to: gate }}}}
  gate:
    type: gate
    confidence: {{{{ signal: max_prob }}}}
    accept: {{{{ at_least: {{bar}} }}}}
    escalate: {{{{ to: top_tier }}}}
{{more}}
  top_tier: {{{{ type: classify, model: cloud, choices: {LABELS} }}}}
"""


def run(online_stream, lines, **options):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        with open(folder / "stream.jsonl", "w", encoding="utf-8") as file:
            file.writelines(json.dumps(line) + "\n" for line in lines)
        settings = {"data": "stream.jsonl", "hold_out": 0.05, "more": "", "bar": 0, **options}
        (folder / "stream.yaml").write_text(PIPELINE.format(**settings), encoding="utf-8")
        output = subprocess.run([online_stream, folder / "stream.yaml", folder / "stream.jsonl", CLOUD], check=True,
                                capture_output=True, text=True).stdout
        return json.loads(output)


def at(points, calls, measure):
    """The measure at a share of calls, on the lines between measured points."""
    points = sorted((point["calls"], point[measure]) for point in points) + [(1, points[0]["alone"][measure])]
    for (low, before), (high, after) in zip(points, points[1:]):
        if low <= calls <= high:
            return before + (after - before) * (calls - low) / (high - low)
    return float("nan")


def alone(lines):
    return {"accuracy": statistics.mean(line["answers"][CLOUD] == line["label"] for line in lines), "agreement": 1}


def regression(lines):
    """Points of the second half, and the same with the calls of the first half counted."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    known, rest = lines[:len(lines) // 2], lines[len(lines) // 2:]
    vectorizer = TfidfVectorizer()
    model = LogisticRegression(max_iter=500)
    model.fit(vectorizer.fit_transform(line["text"] for line in known), [line["answers"][CLOUD] for line in known])
    predicted = model.predict_proba(vectorizer.transform(line["text"] for line in rest))
    labels = [model.classes_[row.argmax()] for row in predicted]
    order = sorted(range(len(rest)), key=lambda i: predicted[i].max())
    points = []
    for share in range(0, 100, 5):
        answers = list(labels)
        for i in order[:round(share / 100 * len(rest))]:
            answers[i] = rest[i]["answers"][CLOUD]
        points.append({"calls": share / 100, "alone": alone(rest),
                       "accuracy": statistics.mean(a == line["label"] for a, line in zip(answers, rest)),
                       "agreement": statistics.mean(a == line["answers"][CLOUD] for a, line in zip(answers, rest))})
    first = alone(known)
    whole = [{"calls": (1 + point["calls"]) / 2, "alone": alone(lines),
              **{measure: (first[measure] + point[measure]) / 2 for measure in first}} for point in points]
    return points, whole


def cells(curves, shares):
    """`accuracy / agreement` at each share of calls, mean over the curves."""
    mean = lambda share, measure: 100 * statistics.mean(at(points, share, measure) for points in curves)
    return " | ".join(f"{mean(share, 'accuracy'):.1f} / {mean(share, 'agreement'):.1f}" for share in shares)


def main():
    online_stream, data = sys.argv[1], pathlib.Path(sys.argv[2])
    shuffles = int(sys.argv[3]) if len(sys.argv) > 3 else 10
    stream = [json.loads(line) for line in open(data / "isear/stream.jsonl", encoding="utf-8")]
    curves, promises = {}, {}
    for shuffle in range(shuffles + 1):
        lines = stream[:]
        if shuffle:
            random.Random(shuffle).shuffle(lines)
        order = "shuffled" if shuffle else "as given"
        runs = [run(online_stream, lines, bar=bar) for bar in BARS]
        for part, of in (("all", lines), ("half", lines[len(lines) // 2:])):
            points = [{**measured[part], "alone": alone(of)} for measured in runs]
            curves.setdefault(("learning", part, order), []).append(points)
        half, whole = regression(lines)
        curves.setdefault(("regression", "half", order), []).append(half)
        curves.setdefault(("regression", "all", order), []).append(whole)
        for agreement in PROMISES:
            more = f"    audit: 20%\n    certify: {{ agreement: {agreement} }}"
            promises.setdefault(agreement, []).append(
                run(online_stream, lines, hold_out=0.3, more=more)["all"])
        print(f"{order} {shuffle}", runs, promises, file=sys.stderr, flush=True)
    for part, shares in (("half", (0.5, 0.7)), ("all", (0.5, 0.7, 0.75, 0.85))):
        print(f"\n| {part} | order | " + " | ".join(f"{100 * share:.0f} % of calls" for share in shares) + " |")
        print("|---|---" + "|--:" * len(shares) + "|")
        for (model, of, order), points in curves.items():
            if of == part:
                print(f"| {model} | {order} | {cells(points, shares)} |")
    print("\n| promised agreement | calls: mean (least to most) | accuracy | agreement: mean (least) | kept |")
    print("|--:|--:|--:|--:|--:|")
    for agreement, runs in promises.items():
        of = lambda measure: [100 * measured[measure] for measured in runs]
        print(f"| {agreement} | {statistics.mean(of('calls')):.1f} % ({min(of('calls')):.1f} to {max(of('calls')):.1f}) | "
              f"{statistics.mean(of('accuracy')):.1f} % | {statistics.mean(of('agreement')):.1f} % "
              f"({min(of('agreement')):.1f}) | {sum(a >= 100 * agreement for a in of('agreement'))} of {len(runs)} |")
    print(f"\nGPT-3.5 alone: {100 * alone(stream)['accuracy']:.1f} %")


if __name__ == "__main__":
    main()
