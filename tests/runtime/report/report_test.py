#!/usr/bin/python3
"""Reports do what they promise in a real browser: all charts are drawn, in every light, from the run's own figures,
nothing is asked of the network, and no text of theirs runs. Exit 77, which ctest takes as skipped, without Chromium.

    report_test.py SLM_GRAPH_PROGRAM SAMPLE_REPORT_PROGRAM
"""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

from browser import PROGRAMS, Page

SLM_GRAPH, SAMPLE_REPORT = sys.argv[1:3]
CHROMIUM = next(filter(None, map(shutil.which, PROGRAMS)), None)

PIPELINE = """
pipeline: sorter
version: 1
entry: sort
models:
  nano: { backend: ngram, file: nano.slm }
  large: { backend: ngram, file: large.slm }
nodes:
  sort: { type: classify, model: nano, to: gate }
  gate: { type: gate, confidence: { signal: max_prob }, accept: { at_least: 0.9 }, escalate: { to: again } }
  again: { type: classify, model: large }
"""
WORDS = {"weather": ["rain", "snow", "sun", "fog", "storm", "hail"], "music": ["jazz", "rock", "tune", "album", "song", "band"]}

# Of each canvas: how many pixels are not empty, and which of the page's colours are in it.
PAINTED = """[...document.querySelectorAll("figure")].map((figure) => {
  const canvas = figure.querySelector("canvas");
  // A copy, since Chromium complains of canvases that are drawn on and read by turns.
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
  copy.drawImage(canvas, 0, 0);
  const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
  const found = new Set();
  let painted = 0;
  for (let i = 0; i < data.length; i += 4) {
    if (data[i + 3] === 0) continue;
    painted++;
    found.add("#" + [...data.slice(i, i + 3)].map((part) => part.toString(16).padStart(2, "0")).join(""));
  }
  const style = getComputedStyle(document.documentElement);
  const colours = ["blue", "orange", "green", "strong", "tier-1", "tier-2", "tier-3", "tier-4", "tier-5"];
  return { title: figure.querySelector("h2").textContent, painted,
           colours: colours.filter((name) => found.has(style.getPropertyValue("--" + name).trim())) };
})"""

CONTRASTS = """(() => {
  const style = getComputedStyle(document.documentElement);
  const light = (name) => {
    const hex = style.getPropertyValue("--" + name).trim();
    const parts = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255)
      .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
  };
  const pairs = [..."ink strong muted blue orange green".split(" ").map((name) => [name, "page"]),
                 ...[1, 2, 3, 4, 5].map((tier) => [`tier-${tier}-text`, `tier-${tier}`])];
  return pairs.map(([a, b]) => {
    const [low, high] = [light(a), light(b)].sort((x, y) => x - y);
    return [a, (high + 0.05) / (low + 0.05)];
  });
})()"""

LIGHTS = {"light": {}, "dark": {"dark": True}, "phone": {"width": 360}, "dark phone": {"width": 360, "dark": True},
          "print of a dark screen": {"media": "print", "dark": True}}


def run(*arguments, exit_code=0) -> str:
    ended = subprocess.run(arguments, capture_output=True, text=True, check=False)
    if ended.returncode != exit_code:
        raise RuntimeError(f"{arguments} ended with {ended.returncode}: {ended.stderr}")
    return ended.stdout


class ReportTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def write_lines(self, name, *, words=6, wrong_every=1000):
        with open(self.folder / name, "w", encoding="utf-8") as stream:
            for i in range(1, 201):
                label, other = ("weather", "music") if i % 2 else ("music", "weather")
                text = " ".join(WORDS[label][i * step // 2 % words] for step in (1, 3, 5)[:1 + i % 3])
                print(json.dumps({"text": text, "label": other if i % wrong_every == 0 else label}), file=stream)
        return str(self.folder / name)

    def tuned(self, target, *, wrong_every=1000, exit_code=0):
        """A page and what --json prints; the small model has never seen half of the words."""
        for model, words in (("nano.slm", 3), ("large.slm", 6)):
            run(SLM_GRAPH, "train", self.write_lines("train.jsonl", words=words), "--output", str(self.folder / model),
                "--min-count", "1", "--held-out", "0", "--quiet")
        (self.folder / "sorter.yaml").write_text(PIPELINE, encoding="utf-8")
        data = self.write_lines("data.jsonl", wrong_every=wrong_every)
        report = self.folder / "report.html"
        figures = run(SLM_GRAPH, "tune", str(self.folder / "sorter.yaml"), "--data", data, "--target", target,
                      "--report", str(report), "--json", "--quiet", exit_code=exit_code)
        return self.opened(report), json.loads(figures)

    def opened(self, report):
        page = Page(CHROMIUM, report)
        self.addCleanup(page.close)
        return page

    def check_looks(self, page, expected):
        """`expected`: of each chart, the colours that its series have."""
        for name, look in LIGHTS.items():
            with self.subTest(look=name):
                page.show(**look)
                charts = {chart["title"]: chart for chart in page.value_of(PAINTED)}
                self.assertEqual(charts.keys(), expected.keys())
                for title, colours in expected.items():
                    self.assertGreater(charts[title]["painted"], 1000, title)
                    self.assertEqual(set(colours) - set(charts[title]["colours"]), set(), title)
                self.assertLessEqual(page.value_of("document.documentElement.scrollWidth"), look.get("width", 1000))
                for pair, contrast in page.value_of(CONTRASTS):
                    self.assertGreaterEqual(contrast, 4.5, pair)

    def check_calm(self, page):
        self.assertEqual([url for url in page.requested if not url.startswith("file:")], [])
        self.assertEqual(len(page.requested), 1)
        self.assertEqual(page.complaints, [])

    def test_a_tuning_is_drawn_from_its_own_figures(self):
        page, figures = self.tuned("accuracy=0.9")
        self.check_looks(page, {"Quality and spending": ["blue", "orange", "green", "strong"],
                                "Which model ends how many lines": ["tier-1", "tier-5"]})
        drawn = page.value_of("""Object.fromEntries(Chart.getChart(document.querySelector("canvas")).data.datasets.map(
            ({ label, data }) => [label, data.map(({ x, y }) => [x, y])]))""")
        for series, named in (("as it was", "before"), ("tuned", "now"), ("all escalated", "all_escalated")):
            self.assertEqual(drawn[series], [[figures[named]["spend"], figures[named]["target"]]])
        self.assertEqual(drawn["frontier"], [[point["spend"], point["target"]] for point in figures["frontier"]])
        self.check_calm(page)

    def test_a_tuning_that_fails_is_reported_too(self):
        page, _ = self.tuned("accuracy=0.95", wrong_every=10, exit_code=1)
        self.assertIn("Not reached: ", page.value_of("document.body.innerText"))
        self.check_looks(page, {"Quality and spending": ["blue", "green", "strong"],
                                "Which model ends how many lines": ["tier-1", "tier-5"]})
        self.check_calm(page)

    def test_an_evaluation_and_a_comparison_are_drawn_from_their_own_figures(self):
        self.tuned("accuracy=0.9")
        strict = self.folder / "strict.yaml"
        strict.write_text(PIPELINE.replace("at_least: 0.5", "at_least: 0.99").replace("sorter", "strict"), encoding="utf-8")
        report = self.folder / "evaluation.html"
        figures = json.loads(run(SLM_GRAPH, "evaluate", str(self.folder / "sorter.yaml"), "--against", str(strict),
                                 "--data", str(self.folder / "data.jsonl"), "--report", str(report), "--json", "--quiet"))
        page = self.opened(report)
        self.check_looks(page, {"Accuracy and what it takes": ["blue", "orange"],
                                "Which model ends how many lines": ["tier-1", "tier-5"],
                                "How often confidences of the last gate are right": ["blue", "orange"],
                                "What would be risked by accepting so many of the surest answers": ["blue", "orange"]})
        drawn = page.value_of("""Object.fromEntries(Chart.getChart(document.querySelector("canvas")).data.datasets.map(
            ({ label, data }) => [label, data.map(({ x, y }) => [x, y])]))""")
        for one in (figures, figures["against"]):
            self.assertEqual(drawn[one["name"]], [[one["a_line"]["calls"]["value"], one["accuracy"]["value"]]])
        self.assertIn("Side by side", page.value_of("document.body.innerText"))
        self.check_calm(page)

    def test_every_chart_is_drawn_and_no_text_runs(self):
        sample = self.folder / "sample.html"
        sample.write_bytes(subprocess.run([SAMPLE_REPORT], capture_output=True, check=True).stdout)
        page = self.opened(sample)
        self.check_looks(page, {"Frontier": ["blue", "orange"], "Reliability": ["blue", "orange"],
                                "Risk and coverage": ["blue", "orange"],
                                "Shares": ["tier-1", "tier-2", "tier-3", "tier-4", "tier-5"], "Nothing": []})
        self.assertEqual(page.value_of("typeof harmed"), "undefined")
        self.assertEqual(page.value_of("document.scripts.length"), 5 + 2)
        self.check_calm(page)
        self.check_printed(page)
        self.check_without_sight_or_mouse(page)
        self.check_calm(page)
        self.check_policy(page)

    def check_printed(self, page):
        """Printing from a dark screen draws anew, in ink for paper, and then as it was."""
        ink = "Chart.getChart(document.querySelector('canvas')).options.scales.x.ticks.color"
        page.show(dark=True)
        before = page.value_of(ink)
        page.value_of(f"""matchMedia("print").addEventListener("change",
                          ({{ matches }}) => {{ if (matches) window.printed = {ink}; }})""")
        self.assertTrue(page.pdf().startswith(b"%PDF"))
        self.assertEqual(page.value_of("printed"), "#3a414b")
        self.assertEqual(page.value_of(ink), before)
        self.assertNotEqual(before, "#3a414b")

    def check_without_sight_or_mouse(self, page):
        page.show()
        page.call("Accessibility.enable")
        images = [node for node in page.call("Accessibility.getFullAXTree")["nodes"]
                  if node.get("role", {}).get("value") in ("image", "img")]
        self.assertEqual(len(images), 5)
        for image in images:
            self.assertRegex(image["name"]["value"], "^(Scatter|Line|Bar) chart of ")
        self.assertTrue(page.value_of(
            "[...document.querySelectorAll('figure')].every((figure) => figure.querySelector('details table th'))"))
        page.value_of("document.querySelector('summary').focus()")
        for kind in ("keyDown", "keyUp"):
            page.call("Input.dispatchKeyEvent", type=kind, key="Enter", code="Enter", text="\r", windowsVirtualKeyCode=13)
        page.settle()
        self.assertTrue(page.value_of("document.querySelector('details').open"), "the keyboard unfolds the figures")

    def check_policy(self, page):
        """Even what got past the escaping would not run, nor ask the network."""
        page.value_of("""(() => {
          const script = document.createElement("script");
          script.textContent = "harmed = true";
          document.body.append(script);
          return fetch("http://example.com/").catch(() => {});
        })()""")
        self.assertEqual(page.value_of("typeof harmed"), "undefined")
        self.assertEqual([url for url in page.requested if url.startswith("http")], [])
        self.assertGreaterEqual(len(page.complaints), 2)


if __name__ == "__main__":
    if CHROMIUM is None:
        print(f"skipped: there is none of {', '.join(PROGRAMS)}")
        sys.exit(77)
    unittest.main(argv=sys.argv[:1])
