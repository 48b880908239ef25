#!/usr/bin/env python3
"""Calls saved in labelling a batch of ISEAR to agree with GPT-3.5: a Markdown table.

    batch.py SLM_GRAPH LABEL_BATCH DATA [SHUFFLES [DRAWS]]

ISEAR is shuffled; the cloud has answered the first 3,800 lines, and the other 3,866 are to be labelled. Every call to
the cloud for these counts, those for certifying too. Two ways to have confidences:

- a TF-IDF logistic regression trained on all 3,800 (scikit-learn), made probabilities by an isotonic regression on
  out-of-fold predictions of the 3,800, which leaves the order of the batch as it is;
- four nano models, each trained on three quarters of the 3,800 and labelling a quarter of the batch. The quarter that
  each was not trained on are known agreements: they certify for nothing.
"""

import json
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile

CLOUD = "gpt-3.5-turbo-1106"
KNOWN = 3800
FOLDS = 4
PIPELINE = """pipeline: fold
version: 1
entry: nano_tier
models:
  nano: {{ backend: ngram, file: {model} }}
nodes:
  nano_tier: {{ type: classify, model: nano, to: gate }}
  gate: {{ type: gate, confidence: {{ signal: max_prob }}, accept: {{ at_least: 0 }} }}
"""


def by_regression(known, batch):
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.isotonic import IsotonicRegression
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_predict
    from sklearn.pipeline import make_pipeline

    model = make_pipeline(TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), LogisticRegression(C=5, max_iter=300))
    texts, answers = [line["text"] for line in known], [line["answers"][CLOUD] for line in known]
    out_of_fold = cross_val_predict(model, texts, answers, cv=3, method="predict_proba")
    labels = sorted(set(answers))
    agrees = [labels[row.argmax()] == answer for row, answer in zip(out_of_fold, answers)]
    calibration = IsotonicRegression(out_of_bounds="clip").fit(out_of_fold.max(axis=1), agrees)
    predicted = model.fit(texts, answers).predict_proba([line["text"] for line in batch])
    confidences = predicted.max(axis=1)
    # Ties of the calibrated confidence keep the order of the model's own.
    calibrated = calibration.predict(confidences) + 1e-9 * confidences
    right = [labels[row.argmax()] == line["answers"][CLOUD] for row, line in zip(predicted, batch)]
    return {"batch": [[float(c), int(r)] for c, r in zip(calibrated, right)], "known": []}


def by_nano(known, batch, slm_graph, folder):
    result = {"batch": [], "known": []}
    for fold in range(FOLDS):
        training = [line for i, line in enumerate(known) if i % FOLDS != fold]
        with open(folder / "train.jsonl", "w", encoding="utf-8") as file:
            for line in training:
                file.write(json.dumps({"text": line["text"], "label": line["answers"][CLOUD]}) + "\n")
        subprocess.run([slm_graph, "train", folder / "train.jsonl", "--output", folder / "nano.slm", "--quiet"],
                       check=True)
        (folder / "fold.yaml").write_text(PIPELINE.format(model="nano.slm"), encoding="utf-8")
        for name, lines in (("known", known), ("batch", batch)):
            part = [line for i, line in enumerate(lines) if i % FOLDS == fold]
            asked = "".join(json.dumps({"text": line["text"]}) + "\n" for line in part)
            output = subprocess.run([slm_graph, "run", folder / "fold.yaml", "--ordered", "--quiet"], input=asked,
                                    text=True, check=True, capture_output=True).stdout
            for line, outcome in zip(part, map(json.loads, output.splitlines()), strict=True):
                result[name].append([outcome["confidence"], int(outcome["label"] == line["answers"][CLOUD])])
    return result


def main():
    slm_graph, label_batch, data = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
    shuffles = int(sys.argv[4]) if len(sys.argv) > 4 else 10
    draws = sys.argv[5] if len(sys.argv) > 5 else "20"
    stream = [json.loads(line) for line in open(data / "isear/stream.jsonl", encoding="utf-8")]
    found = {}
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for shuffle in range(shuffles):
            lines = stream[:]
            random.Random(shuffle).shuffle(lines)
            known, batch = lines[:KNOWN], lines[KNOWN:]
            batches = {"logistic regression": by_regression(known, batch),
                       "nano models": by_nano(known, batch, slm_graph, folder)}
            batches["nano models, nothing known"] = {**batches["nano models"], "known": []}
            for proxy, made in batches.items():
                (folder / "batch.json").write_text(json.dumps(made), encoding="utf-8")
                for target in ("0.9", "0.95"):
                    output = subprocess.run([label_batch, folder / "batch.json", target, "0.95", draws], check=True,
                                            capture_output=True, text=True).stdout
                    found.setdefault((proxy, target), []).append(json.loads(output))
    print("| confidences | target | calls saved: mean (least to most) | agreement reached | promise kept |")
    print("|---|--:|--:|--:|--:|")
    for (proxy, target), runs in sorted(found.items()):
        saved = [run["saved"] for run in runs]
        print(f"| {proxy} | {target} | {statistics.mean(saved):.3f} ({min(saved):.3f} to {max(saved):.3f}) | "
              f"{statistics.mean(run['reached'] for run in runs):.3f} | "
              f"{100 * statistics.mean(run['kept'] for run in runs):.0f} % |")


if __name__ == "__main__":
    main()
