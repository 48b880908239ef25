#include "nodes/calibration_binding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/pipeline.h"
#include "models/checksum.h"
#include "models/model_store.h"
#include "models/ngram/trainer.h"
#include "nodes/builtin.h"
#include "tests/runtime/temporary_folder.h"

namespace slm {
namespace {

using ::testing::HasSubstr;

class CalibrationBindings : public ::testing::Test {
 protected:
  void SetUp() override {
    register_builtin_nodes();
    train("jazz");
  }

  void train(const std::string& word) const {
    ngram::TrainOptions options;
    options.held_out = 0;
    options.min_count = 1;
    const std::vector<ngram::Example> examples{
        {"will it rain", "weather"}, {"will it snow", "weather"}, {"play " + word, "music"}};
    ngram::train(examples, {}, options, folder_ / "nano.slm");
  }

  /// A gate behind an ngram model.
  Pipeline one_model(const std::string& prompt = "{text}",
                     const std::string& confidence = "signal: max_prob") const {
    return parsed(
        "models: { nano: { backend: ngram, file: nano.slm } }\n"
        "nodes:\n"
        "  a: { type: classify, model: nano, prompt: \"" +
        prompt + "\", to: gate }\n" + gate(confidence));
  }

  /// A gate behind a route to one of two models, of which one is on another machine.
  Pipeline two_models(const std::string& choices, const std::string& confidence = "signal: max_prob") const {
    return parsed(
        "models:\n"
        "  nano: { backend: ngram, file: nano.slm }\n"
        "  far: { backend: openai, url: \"http://127.0.0.1:1/v1\", model: qwen }\n"
        "nodes:\n"
        "  r: { type: route, by: fields.kind, cases: { x: b }, otherwise: a }\n"
        "  a: { type: classify, model: nano, to: gate }\n"
        "  b: { type: classify, model: far, choices: " +
            choices + ", to: gate }\n" + gate(confidence),
        "r");
  }

  /// Binds a calibration to what the gate of a pipeline has before it.
  void bind_to(const Pipeline& pipeline) const {
    const Calibration calibration{{{SignalKind::max_prob}},
                                  TemperatureScaling{2},
                                  calibration_bindings(pipeline.spec(), *pipeline.spec().node("gate"))};
    calibration.save(folder_ / "gate.calibration", "");
  }

  template <class Load>
  static std::string complaint(const Load& load) {
    try {
      load();
      return "";
    } catch (const PipelineError& error) {
      return error.what();
    }
  }

  testing::TemporaryFolder folder_;

 private:
  static std::string gate(const std::string& confidence) {
    return "  gate: { type: gate, confidence: { " + confidence + " }, accept: { at_least: 0.5 } }\n";
  }
  Pipeline parsed(const std::string& rest, const std::string& entry = "a") const {
    return Pipeline::parse("pipeline: p\nversion: 1\nentry: " + entry + "\n" + rest, folder_ / "p.yaml");
  }
};

constexpr const char* kCalibrated = "calibration: gate.calibration";

TEST_F(CalibrationBindings, NameTheModelAndWhatItIsAsked) {
  const Pipeline pipeline = one_model();
  const ModelInfo info = inspect(folder_ / "nano.slm");
  EXPECT_EQ((std::vector<CalibrationBinding>{{info.checksum, info.quantisation, text_checksum("{text}")}}),
            calibration_bindings(pipeline.spec(), *pipeline.spec().node("gate")));
}

TEST_F(CalibrationBindings, AllowTheCalibrationWhereNothingHasChanged) {
  bind_to(one_model());
  EXPECT_EQ("", complaint([&] { one_model("{text}", kCalibrated); }));
}

TEST_F(CalibrationBindings, RefuseItWithAnotherModel) {
  bind_to(one_model());
  train("a rock album");
  const std::string said = complaint([&] { one_model("{text}", kCalibrated); });
  EXPECT_THAT(said, HasSubstr("p.yaml:7:50: error: `calibration` of gate `gate`: "));
  EXPECT_THAT(said, HasSubstr("gate.calibration:3:3: it was fitted for model"));
  EXPECT_THAT(said, HasSubstr("run `slm-graph calibrate` again"));
}

TEST_F(CalibrationBindings, RefuseItWithAnotherPrompt) {
  bind_to(one_model());
  EXPECT_THAT(complaint([&] { one_model("say: {text}", kCalibrated); }),
              HasSubstr("it was fitted for model"));
}

TEST_F(CalibrationBindings, OfSeveralModelsAreAllNamed) {
  const Pipeline pipeline = two_models("[music, weather]");
  const auto bindings = calibration_bindings(pipeline.spec(), *pipeline.spec().node("gate"));
  ASSERT_EQ(2U, bindings.size());
  EXPECT_TRUE(bindings[0].model == "qwen" || bindings[1].model == "qwen");
}

TEST_F(CalibrationBindings, OfSeveralModelsMustAllBeKnown) {
  bind_to(two_models("[music, weather]"));
  EXPECT_EQ("", complaint([&] { two_models("[music, weather]", kCalibrated); }));
  EXPECT_EQ("", complaint([&] { one_model("{text}", kCalibrated); }));
  EXPECT_THAT(complaint([&] { two_models("[music, rain]", kCalibrated); }),
              HasSubstr("now there is model `qwen`"));
  bind_to(one_model());
  EXPECT_THAT(complaint([&] { two_models("[music, weather]", kCalibrated); }),
              HasSubstr("now there is model `qwen`"));
}

TEST_F(CalibrationBindings, LeaveOutModelsThatCannotBeRead) {
  bind_to(one_model());
  folder_.write("nano.slm", "SLMNGRAM, and then nothing that could be a model");
  EXPECT_EQ("", complaint([&] { one_model("{text}", kCalibrated); }));
}

}  // namespace
}  // namespace slm
