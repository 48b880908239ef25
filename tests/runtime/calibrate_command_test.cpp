#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <system_error>
#include <vector>

#include "runtime/calibrate/write.h"
#include "tests/runtime/nano_model.h"
#include "tests/runtime/program.h"
#include "tests/runtime/temporary_folder.h"

namespace slm::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::json;

/// The confidence of the first gate is filled in.
constexpr const char* kTiers = R"(# Two tiers.
pipeline: tiers
version: 1
entry: first
models:
  nano: { backend: ngram, file: nano.slm }
nodes:
  first: { type: classify, model: nano, to: first_gate }   # cheap
  first_gate:
    type: gate
    confidence: { CONFIDENCE }
    accept: { at_least: BAR }
    escalate: { to: second }
  second: { type: classify, model: nano, prompt: "{text} song", to: second_gate }
  second_gate:
    type: gate
    confidence: { signal: max_prob }
    accept: { at_least: 0.5 }
)";

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  return text.replace(text.find(what), what.size(), by);
}

std::string tiers(const std::string& confidence, const std::string& bar = "0.6") {
  return replaced(replaced(kTiers, "CONFIDENCE", confidence), "BAR", bar);
}

std::string line(const std::string& text, const std::string& label) {
  return Json{{"text", text}, {"label", label}}.dump() + "\n";
}

/// Words of both labels, the more of one the likelier it is right, so that some answers are wrong.
std::string mixed_lines() {
  const std::vector<std::string> weather{"rain", "snow", "hot", "rome"},
      music{"jazz", "rock", "song", "tune"};
  std::string lines;
  for (std::size_t i = 0; i < 60; ++i) {
    std::string text = "number" + std::to_string(i);
    for (std::size_t word = 0; word < 4; ++word)
      text.append(" ").append((i * 7 + word * 3) % 5 < i % 6 ? weather[word] : music[(word + i) % 4]);
    const char* label = i % 6 > 2 + (i % 4 == 0 ? 1 : 0) ? "weather" : "music";
    lines += Json{{"id", std::to_string(i)}, {"text", text}, {"label", label}}.dump() + "\n";
  }
  return lines;
}

class CalibrateCommand : public ::testing::Test {
 protected:
  CalibrateCommand() : data_{folder_.write("dev.jsonl", mixed_lines())} {
    train_nano_model(folder_ / "nano.slm");
  }

  std::filesystem::path pipeline(const std::string& text) const { return folder_.write("p.yaml", text); }

  Ended calibrate(std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {"calibrate", folder_ / "p.yaml", "--data", data_});
    return slm_graph(more);
  }

  std::string yaml() const { return text_of_file(folder_ / "p.yaml"); }
  std::string fitted() const { return text_of_file(folder_ / "first_gate.calibration.yaml"); }
  bool is_valid() const { return slm_graph({"validate", folder_ / "p.yaml"}).exit_code == 0; }

  /// Whether the pipeline and its folder are as `text` had them.
  void expect_untouched(const std::string& text) const {
    EXPECT_EQ(yaml(), text);
    EXPECT_FALSE(std::filesystem::exists(folder_ / "first_gate.calibration.yaml"));
  }

  const TemporaryFolder folder_;
  const std::filesystem::path data_;
};

TEST_F(CalibrateCommand, MakesAFileAndHasTheGateReadItAndChangesNothingElse) {
  pipeline(tiers("signal: max_prob"));
  const auto ended = calibrate({"--method", "temperature"});
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_THAT(ended.err, HasSubstr("temperature of max_prob: as asked"));
  EXPECT_THAT(ended.err, HasSubstr("choose them anew with `slm-graph tune`"));
  EXPECT_THAT(ended.err, HasSubstr("Gate `second_gate` stays as it is"));
  const std::string written = yaml();
  const auto note = written.find("# slm-graph calibrate ");
  ASSERT_NE(note, std::string::npos) << written;
  const auto note_end = written.find('\n', note) + 1;
  EXPECT_THAT(written.substr(note, note_end - note), HasSubstr(": first_gate on 60 lines of dev.jsonl"));
  EXPECT_EQ(written.substr(0, note) + written.substr(note_end),
            tiers("signal: max_prob, calibration: first_gate.calibration.yaml"));

  const Calibration calibration = Calibration::load(folder_ / "first_gate.calibration.yaml");
  ASSERT_EQ(calibration.bound_to.size(), 1U);
  EXPECT_EQ(calibration.bound_to[0].quantisation, "int8");
  const auto run = slm_graph({"run", folder_ / "p.yaml", "--quiet"}, line("jazz rock song", "music"));
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(Json::parse(run.out)["label"], "music");
}

TEST_F(CalibrateCommand, AgainItReplacesTheFileAlone) {
  pipeline(tiers("signal: max_prob"));
  ASSERT_EQ(calibrate({"--method", "isotonic", "-q"}).exit_code, 0);
  const std::string written = yaml(), isotonic = fitted();
  ASSERT_EQ(calibrate({"--method", "platt", "-q"}).exit_code, 0);
  EXPECT_EQ(yaml(), written);
  EXPECT_THAT(fitted(), HasSubstr("platt: {slope"));
  ASSERT_EQ(calibrate({"--method", "isotonic", "-q"}).exit_code, 0);
  EXPECT_EQ(fitted(), isotonic) << "the same lines give the same file";
  EXPECT_TRUE(is_valid());
}

TEST_F(CalibrateCommand, ReplacesTheCalibrationOfAnotherModel) {
  pipeline(tiers("signal: max_prob"));
  ASSERT_EQ(calibrate({"-q", "--method", "temperature"}).exit_code, 0);
  const std::string written = yaml(), old = fitted();
  train_nano_model(data_, folder_ / "nano.slm");
  ASSERT_FALSE(is_valid());
  std::string other = mixed_lines();
  for (int i = 0; i < 9; ++i) other += line("rain " + std::to_string(i), i % 2 == 0 ? "music" : "weather");
  folder_.write("dev.jsonl", other);
  const auto ended = calibrate({"-q", "--method", "temperature"});
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_TRUE(is_valid());
  EXPECT_NE(fitted(), old);
  EXPECT_EQ(yaml(), written);
}

TEST_F(CalibrateCommand, MakesACalibrationThatIsMissingWhereTheGateSays) {
  const std::string text = tiers("calibration: \"lost.yaml\"");
  pipeline(text);
  ASSERT_FALSE(is_valid());
  const auto ended = calibrate();
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_TRUE(is_valid());
  EXPECT_EQ(yaml(), text);
}

TEST_F(CalibrateCommand, TakesOutASignalThatTheCalibrationDoesNotRead) {
  pipeline(tiers("signal: entropy"));
  ASSERT_EQ(calibrate({"--method", "logistic", "-q"}).exit_code, 0);
  EXPECT_THAT(yaml(), HasSubstr("confidence: { calibration: first_gate.calibration.yaml }"));
  EXPECT_TRUE(is_valid());

  folder_.write("own.yaml", "calibration: 1\nsignal: margin\nplatt: { slope: 1, intercept: 0 }\n");
  pipeline(tiers("signal: margin, calibration: own.yaml"));
  ASSERT_TRUE(is_valid());
  ASSERT_EQ(calibrate({"--method", "logistic", "-q"}).exit_code, 0);
  EXPECT_THAT(yaml(), HasSubstr("confidence: { calibration: own.yaml }"));
  EXPECT_THAT(text_of_file(folder_ / "own.yaml"), HasSubstr("logistic"));
  EXPECT_TRUE(is_valid());
}

TEST_F(CalibrateCommand, ABarThatIsNoProbabilityBecomesOneThatAsManyLinesReach) {
  pipeline(tiers("signal: log_odds", "2.5"));
  const auto accepted = [&] {
    const auto run = slm_graph({"run", folder_ / "p.yaml", "--input", data_, "--quiet"});
    std::istringstream outcomes{run.out};
    int count = 0;
    for (std::string text; std::getline(outcomes, text);)
      count += Json::parse(text)["path"].dump().find("second") == std::string::npos ? 1 : 0;
    return count;
  };
  const int before = accepted();
  ASSERT_GT(before, 0);
  ASSERT_LT(before, 60);
  const auto ended = calibrate({"--method", "platt"});
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_THAT(ended.err, HasSubstr("`at_least` of `accept` of gate `first_gate` was 2.5 and is now 0."));
  EXPECT_TRUE(is_valid());
  EXPECT_EQ(accepted(), before);
}

TEST_F(CalibrateCommand, TellsTheSameOfTheSignalAsARunShows) {
  pipeline(tiers("signal: max_prob", "0"));
  const auto run = slm_graph({"run", folder_ / "p.yaml", "--input", data_, "--quiet"});
  std::vector<Json> wanted;
  std::istringstream outcomes{run.out}, lines{mixed_lines()};
  for (std::string text; std::getline(lines, text);) wanted.push_back(Json::parse(text));
  double squares = 0;
  int right = 0;
  for (std::string text; std::getline(outcomes, text);) {
    const Json outcome = Json::parse(text);
    const bool is_right =
        outcome["label"] == wanted.at(std::stoul(outcome["id"].get<std::string>()))["label"];
    const double off = outcome["confidence"].get<double>() - (is_right ? 1 : 0);
    squares += off * off;
    right += is_right ? 1 : 0;
  }
  const auto ended = calibrate({"--json", "-q", "--dry-run"});
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  const Json gate = Json::parse(ended.out)["gates"][0];
  EXPECT_EQ(gate["right"], right);
  EXPECT_NEAR(gate["before"]["brier"].get<double>(), squares / 60, 1e-6);
  EXPECT_EQ(gate["losses"].size(), 4U);
  EXPECT_NEAR(gate["after"]["log_loss"].get<double>(),
              gate["losses"][gate["method"].get<std::string>()].get<double>(), 1e-12);
}

TEST_F(CalibrateCommand, DryRunWritesNothingButTheReport) {
  const std::string text = tiers("signal: max_prob");
  pipeline(text);
  ASSERT_EQ(calibrate({"--dry-run", "-q", "--report", folder_ / "r.html"}).exit_code, 0);
  expect_untouched(text);
  EXPECT_THAT(text_of_file(folder_ / "r.html"), HasSubstr("How often confidences of first_gate are right"));
}

TEST_F(CalibrateCommand, LeavesOutLinesWithoutLabels) {
  pipeline(tiers("signal: max_prob"));
  folder_.write("dev.jsonl", mixed_lines() + "{\"text\": \"a\"}\n{\"text\": \"b\"}\n");
  const Json report = Json::parse(
      slm_graph({"calibrate", "--json", "-q", "-d", data_, "--gate", "first_gate", folder_ / "p.yaml"}).out);
  EXPECT_EQ(report["without_label"], 2);
  EXPECT_EQ(report["gates"][0]["answers"], 60);
}

TEST_F(CalibrateCommand, WritesNothingWhereNothingCanBeFitted) {
  const std::string text = tiers("signal: max_prob");
  pipeline(text);
  std::string right, wrong, ties;
  for (int i = 0; i < 12; ++i) {
    right += line("play jazz " + std::to_string(i), "music");
    wrong += line("play jazz " + std::to_string(i), "weather");
    ties += line("play jazz", i % 2 == 0 ? "music" : "weather");
  }
  const std::vector<std::pair<std::string, std::string>> cases{
      {right, "all 12 answers are right"},
      {wrong, "all 12 answers are wrong"},
      {ties, "the evidence is the same in all 12 examples"},
      {line("play jazz", "music") + line("rain", "music"), "needs at least 10"}};
  for (const auto& [lines, why] : cases) {
    folder_.write("dev.jsonl", lines);
    for (const char* how : {"--json", "-q"}) {
      const auto ended = calibrate({how});
      EXPECT_EQ(ended.exit_code, 1) << why;
      EXPECT_THAT(ended.err, HasSubstr(why));
      expect_untouched(text);
    }
  }
}

TEST_F(CalibrateCommand, RefusesWhatItCannotFollow) {
  const std::string text = tiers("signal: max_prob");
  pipeline(text);
  const auto expect_refused = [&](const std::vector<std::string>& more, const std::string& why) {
    const auto ended = calibrate(more);
    EXPECT_EQ(ended.exit_code, 2) << why;
    EXPECT_THAT(ended.err, HasSubstr(why));
    expect_untouched(text);
  };
  expect_refused({"--gate", "frist_gate"}, "no gate `frist_gate`; did you mean `first_gate`");
  expect_refused({"--gate", "second_gate"}, "escalates to no other node");
  expect_refused({"--method", "plat"}, "did you mean `platt`");
  expect_refused({"--report", folder_ / "nano.slm"}, "nano.slm is a file that the pipeline names");
  folder_.write("dev.jsonl", "{\"text\": \"a\"}\n");
  expect_refused({}, "no line says what is right");
  folder_.write("dev.jsonl", "{oops\n");
  expect_refused({}, "dev.jsonl:1: ");
}

TEST_F(CalibrateCommand, RefusesAPipelineWithoutAGateThatEscalates) {
  pipeline(
      "pipeline: p\nversion: 1\nentry: a\nmodels:\n  nano: { backend: ngram, file: nano.slm }\nnodes:\n"
      "  a: { type: classify, model: nano }\n");
  const auto ended = calibrate();
  EXPECT_EQ(ended.exit_code, 2);
  EXPECT_THAT(ended.err, HasSubstr("there is no gate to calibrate"));
}

TEST_F(CalibrateCommand, TellsOtherProblemsWhereTheyStandInTheFile) {
  pipeline(replaced(tiers("calibration: lost.yaml"), "escalate: { to: second }", "escalate: { to: secnd }"));
  const auto ended = calibrate();
  EXPECT_EQ(ended.exit_code, 2);
  EXPECT_THAT(ended.err, HasSubstr("p.yaml:13:"));
}

TEST_F(CalibrateCommand, OverwritesNoFileThatIsNotOfItsGate) {
  pipeline(tiers("signal: max_prob"));
  const std::string foreign = "calibration: 1\nsignal: max_prob\nplatt: { slope: 1, intercept: 0 }\n";
  folder_.write("first_gate.calibration.yaml", foreign);
  const auto ended = calibrate();
  EXPECT_EQ(ended.exit_code, 2) << ended.err;
  EXPECT_THAT(ended.err, HasSubstr("is there already, and gate `first_gate` does not name it"));
  EXPECT_EQ(fitted(), foreign);

  folder_.write("shared.yaml", foreign);
  pipeline(replaced(tiers("calibration: shared.yaml"), "confidence: { signal: max_prob }",
                    "confidence: { calibration: shared.yaml }"));
  const auto shared = calibrate();
  EXPECT_EQ(shared.exit_code, 2) << shared.err;
  EXPECT_THAT(shared.err, HasSubstr("is a file that the pipeline names"));
  EXPECT_EQ(text_of_file(folder_ / "shared.yaml"), foreign);
}

TEST_F(CalibrateCommand, APipelineThatCannotBeEditedIsRefusedBeforeModelsAreAsked) {
  const std::string text =
      replaced(tiers("signal: max_prob"), "confidence: { signal: max_prob }\n    accept: { at_least: 0.6",
               "confidence: &same { signal: max_prob }\n    accept: { at_least: 0.6");
  const std::string shared = replaced(text, "confidence: { signal: max_prob }", "confidence: *same");
  pipeline(shared);
  ASSERT_TRUE(is_valid());
  const auto ended = calibrate();
  EXPECT_EQ(ended.exit_code, 2);
  EXPECT_THAT(ended.err, HasSubstr("has the anchor `&same`"));
  EXPECT_THAT(ended.err, Not(HasSubstr("60 runs")));
  expect_untouched(shared);
}

TEST_F(CalibrateCommand, ACalibrationThatCannotBeWrittenLeavesAPipelineThatLoads) {
  folder_.write("own.yaml", "calibration: 1\nsignal: margin\nplatt: { slope: 1, intercept: 0 }\n");
  runtime::GateCalibration of{.gate = {.name = "first_gate",
                                       .signal = Signal{SignalKind::margin},
                                       .has_signal = true,
                                       .names_file = true,
                                       .file = folder_ / "no_folder" / "own.yaml"}};
  of.fit = CalibrationFit{};
  of.fit->calibration.signals = {{SignalKind::log_odds}, {SignalKind::entropy}};
  of.fit->calibration.map = LogisticScaling{0, {1, 1}};
  of.fit->losses = {{CalibrationMethod::logistic, 0.5}};
  const auto write = [&] { runtime::write_calibrations(folder_ / "p.yaml", {of}, "no lines", "2026-11-22"); };
  pipeline(tiers("signal: margin, calibration: own.yaml"));
  EXPECT_THROW(write(), std::system_error);
  EXPECT_EQ(yaml(), tiers("calibration: own.yaml"));
  EXPECT_TRUE(is_valid());

  of.gate.names_file = false;
  pipeline(tiers("signal: margin"));
  EXPECT_THROW(write(), std::system_error);
  EXPECT_EQ(yaml(), tiers("signal: margin"));
}

TEST_F(CalibrateCommand, GoesOnWhereItWasStoppedBeforeThePipelineWasWritten) {
  const std::string text = tiers("signal: max_prob");
  pipeline(text);
  ASSERT_EQ(calibrate({"-q"}).exit_code, 0);
  pipeline(text);
  ASSERT_TRUE(is_valid());
  EXPECT_EQ(calibrate({"-q"}).exit_code, 0);
  EXPECT_THAT(yaml(), HasSubstr("calibration: first_gate.calibration.yaml"));
}

}  // namespace
}  // namespace slm::testing
