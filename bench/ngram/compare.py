#!/usr/bin/env python3
"""Measures the ngram classifier beside fastText on CLINC150 and prints the table of docs/benchmarks/ngram.md.

    SLM_GRAPH_DATA=DATA bench/ngram/compare.py BUILD [--repeats 7] [--work FOLDER]

BUILD holds ngram_train and ngram_predict (build/release/bench/ngram); fasttext must be on the PATH. Both train on the
lines of clinc150/train.jsonl with one thread and label those of clinc150/valid.jsonl. Predictions a second are of
the whole process less its load time: a run over many copies of the lines less a run over few, processor time. Runs of
all programs alternate, so that whatever else the machine does slows all of them alike.
"""

import argparse
import json
import os
import pathlib
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile

FEW_COPIES, MANY_COPIES = 1, 16
FASTTEXT_SETTINGS = {
    "fastText, `-wordNgrams 2`": ["-wordNgrams", "2"],
    "fastText, `-wordNgrams 2 -epoch 25 -lr 0.5`": ["-wordNgrams", "2", "-epoch", "25", "-lr", "0.5"],
    "the same, `-dim 50 -bucket 100000`": ["-wordNgrams", "2", "-epoch", "25", "-lr", "0.5", "-dim", "50",
                                           "-bucket", "100000"],
    "the same, with `-minn 2 -maxn 5`": ["-wordNgrams", "2", "-epoch", "25", "-lr", "0.5", "-dim", "50",
                                         "-bucket", "100000", "-minn", "2", "-maxn", "5"],
}


def main() -> int:
    arguments = parse_arguments()
    data = pathlib.Path(os.environ["SLM_GRAPH_DATA"]) / "clinc150"
    with tempfile.TemporaryDirectory(dir=arguments.work) as folder:
        work = pathlib.Path(folder)
        valid = [json.loads(line) for line in (data / "valid.jsonl").open(encoding="utf-8")]
        inputs = {copies: work / f"valid{copies}.txt" for copies in (FEW_COPIES, MANY_COPIES)}
        for copies, file in inputs.items():
            file.write_text("".join(row["text"] + "\n" for row in valid) * copies, encoding="utf-8")
        write_fasttext_lines(data / "train.jsonl", work / "train.ft")
        programs = ngram_programs(arguments.build, data, work) | fasttext_programs(work)
        seconds = measure(programs, inputs, arguments.repeats)
        lines = len(valid) * (MANY_COPIES - FEW_COPIES)
        rows = [summary(name, program, seconds[name], lines, inputs[FEW_COPIES], valid)
                for name, program in programs.items()]
    print_table(rows, arguments.repeats)
    return 0


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path, help="folder with ngram_train and ngram_predict")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--work", help="folder for models of up to 2 GB, a temporary one by default")
    arguments = parser.parse_args()
    if shutil.which("fasttext") is None:
        parser.error("fasttext is not on the PATH (Debian package fasttext)")
    if "SLM_GRAPH_DATA" not in os.environ:
        parser.error("SLM_GRAPH_DATA must name the folder that holds clinc150/")
    return arguments


def write_fasttext_lines(source: pathlib.Path, target: pathlib.Path) -> None:
    rows = (json.loads(line) for line in source.open(encoding="utf-8"))
    target.write_text("".join(f"__label__{row['label']} {row['text']}\n" for row in rows), encoding="utf-8")


def ngram_programs(build: pathlib.Path, data: pathlib.Path, work: pathlib.Path) -> dict:
    programs = {}
    for weights in ("int8", "float32"):
        model = work / f"{weights}.slm"
        run([build / "ngram_train", data / "train.jsonl", "-", model, f"weights={weights}"])
        programs[f"ngram, {weights}"] = (model, [build / "ngram_predict", model, "{input}"])
    return programs


def fasttext_programs(work: pathlib.Path) -> dict:
    programs = {}
    for number, (name, settings) in enumerate(FASTTEXT_SETTINGS.items()):
        model = work / f"fasttext{number}.bin"
        run(["fasttext", "supervised", "-input", work / "train.ft", "-output", model.with_suffix(""), "-thread", "1",
             "-verbose", "0", *settings])
        programs[name] = (model, ["fasttext", "predict", model, "{input}"])
    return programs


def run(command: list) -> None:
    print(" ".join(map(str, command)), file=sys.stderr)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def predict(command: list, lines: pathlib.Path, output) -> float:
    """Runs to the end; the processor seconds it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    filled = [lines if part == "{input}" else part for part in command]
    subprocess.run(filled, check=True, stdout=output)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def measure(programs: dict, inputs: dict, repeats: int) -> dict:
    """For each program, the seconds of the additional lines, a number a repeat."""
    seconds = {name: [] for name in programs}
    for repeat in range(repeats):
        print(f"repeat {repeat + 1} of {repeats}", file=sys.stderr)
        for name, (_, command) in programs.items():
            few = predict(command, inputs[FEW_COPIES], subprocess.DEVNULL)
            many = predict(command, inputs[MANY_COPIES], subprocess.DEVNULL)
            seconds[name].append(many - few)
    return seconds


def summary(name: str, program: tuple, seconds: list, lines: int, texts: pathlib.Path, valid: list) -> dict:
    model, command = program
    filled = [texts if part == "{input}" else part for part in command]
    answers = subprocess.run(filled, check=True, capture_output=True, text=True).stdout.splitlines()
    right = sum(answer.removeprefix("__label__") == row["label"] for answer, row in zip(answers, valid, strict=True))
    return {"name": name, "rates": sorted(lines / value for value in seconds), "accuracy": right / len(valid),
            "bytes": model.stat().st_size}


def print_table(rows: list, repeats: int) -> None:
    ours = statistics.median(rows[0]["rates"])
    print(f"{processor()}, one thread, median (least to most) of {repeats} alternating runs.\n")
    print("| classifier | predictions a second | ngram int8 is faster by | accuracy | file |")
    print("|---|---:|---:|---:|---:|")
    for row in rows:
        median = statistics.median(row["rates"])
        spread = f"{median:,.0f} ({row['rates'][0]:,.0f} to {row['rates'][-1]:,.0f})"
        print(f"| {row['name']} | {spread} | {ours / median:.1f} × | {row['accuracy']:.4f} | "
              f"{row['bytes'] / 1e6:,.1f} MB |")


def processor() -> str:
    for line in pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


if __name__ == "__main__":
    sys.exit(main())
