#include "models/replay/recorder.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <future>
#include <limits>
#include <thread>

#include "models/replay/replay_model.h"
#include "tests/runtime/temporary_folder.h"

namespace slm::replay {
namespace {

using testing::TemporaryFolder;
using testing::text_of_file;

/// Says a prompt back; fails where it is told to, and chooses what it is told to.
class Echo : public Generator, public ChoiceScorer {
 public:
  std::shared_ptr<const Constraint> compile(const ConstraintSource&) const override {
    return std::make_shared<const Constraint>();
  }
  void generate(GenerationRequest request, std::function<void(GenerationResult)> done) override {
    ++calls;
    if (request.prompt == "fail" && is_ill) return done(ModelFailure{.reason = "ill"});
    if (request.prompt == "late") return done(ModelFailure{ModelFailure::Kind::expired, "late"});
    Generation answer;
    answer.text = "<" + request.prompt + ">";
    answer.finish = Generation::Finish::stop_string;
    answer.evidence.token_logprobs = {-0.1F, -1.0F / 3, -std::numeric_limits<float>::infinity()};
    answer.evidence.first_token_margin = 0.7F;
    answer.prompt_tokens = 3;
    answer.generated_tokens = 2;
    done(std::move(answer));
  }
  void score(ChoiceRequest request, std::function<void(ChoiceResult)> done) override {
    ChoiceScores scores;
    if (request.prompt == "pick")
      scores.chosen = 1;
    else
      scores.evidence.labels = {request.choices, {0.3F, 0.7F}};
    done(std::move(scores));
  }

  std::atomic<int> calls = 0;
  bool is_ill = true;
};

class Fixed : public Classifier {
 public:
  const std::shared_ptr<const std::vector<std::string>>& labels() const override { return labels_; }
  void classify(std::string_view text, std::span<float> probabilities) const override {
    probabilities[0] = 1.0F / static_cast<float>(text.size() + 1);
    probabilities[1] = 1 - probabilities[0];
  }

 private:
  std::shared_ptr<const std::vector<std::string>> labels_ =
      std::make_shared<const std::vector<std::string>>(std::vector<std::string>{"music", "weather"});
};

GenerationResult generated(const Model& model, GenerationRequest request) {
  GenerationResult result;
  model.generator->generate(std::move(request), [&](GenerationResult one) { result = std::move(one); });
  return result;
}

ChoiceResult scored(const Model& model, ChoiceRequest request) {
  ChoiceResult result;
  model.scorer->score(std::move(request), [&](ChoiceResult one) { result = std::move(one); });
  return result;
}

std::string reason_of(const GenerationResult& result) {
  const auto* failure = std::get_if<ModelFailure>(&result);
  return failure ? failure->reason : "no failure";
}

class Recording : public ::testing::Test {
 protected:
  std::filesystem::path file() const { return folder_ / "rec.jsonl"; }

  Model recorded(const std::string& identity = "echo 1") {
    recorder_.reset();  // one at a time has the file
    recorder_ = Recorder::open(file());
    return recorder_->recorded({.classifier = nullptr, .generator = echo_, .scorer = echo_},
                               {.name = "small", .identity = identity, .cost = {}});
  }

  Model replay(ReplayOptions options = {}) {
    recorder_.reset();
    options.file = file();
    if (options.name.empty()) options.name = "small";
    std::vector<std::string> problems;
    const auto answers = open_answers(options, problems);
    EXPECT_EQ(problems, std::vector<std::string>{});
    return answers ? replayed(answers, options.pace) : Model{};
  }

  TemporaryFolder folder_;
  std::shared_ptr<Echo> echo_ = std::make_shared<Echo>();
  std::shared_ptr<Recorder> recorder_;
};

TEST_F(Recording, GivesTextEvidenceAndTokensAgainToTheLastBit) {
  const auto live = std::get<Generation>(generated(recorded(), {.prompt = "a \"quoted\"\nline"}));
  const auto again = std::get<Generation>(generated(replay(), {.prompt = "a \"quoted\"\nline"}));
  EXPECT_EQ(again.text, live.text);
  EXPECT_EQ(again.finish, live.finish);
  EXPECT_EQ(again.evidence.token_logprobs, live.evidence.token_logprobs);
  EXPECT_EQ(again.evidence.first_token_margin, live.evidence.first_token_margin);
  EXPECT_EQ(again.evidence.schema_valid, std::nullopt);
  EXPECT_EQ(again.prompt_tokens, 3);
  EXPECT_EQ(again.generated_tokens, 2);
  EXPECT_TRUE(again.recorded.duration.has_value());
  EXPECT_FALSE(again.recorded.cost.has_value());
}

TEST_F(Recording, NeverAnswersAnythingElseThanWasAsked) {
  const Model live = recorded();
  const GenerationRequest asked{
      .prompt = "p", .stop = {"x"}, .max_tokens = 5, .temperature = 0.5F, .seed = 7};
  generated(live, asked);
  const auto constraint = live.generator->compile({ConstraintSource::Language::gbnf, "root ::= \"a\""});
  const Model model = replay();
  EXPECT_EQ(reason_of(generated(model, asked)), "no failure");
  const auto differs = [&](auto change) {
    GenerationRequest request = asked;
    change(request);
    return reason_of(generated(model, request));
  };
  const std::string but = "rec.jsonl has no answer to this: the prompt is recorded with ";
  EXPECT_EQ(differs([](auto& r) { r.prompt = "q"; }),
            "rec.jsonl has no answer of `small` to the prompt \"q\"");
  EXPECT_EQ(differs([](auto& r) { r.temperature = 0; }), but + "temperature 0.5 instead of 0");
  EXPECT_EQ(differs([](auto& r) { r.seed = 8; }), but + "seed 7 instead of 8");
  EXPECT_EQ(differs([](auto& r) { r.max_tokens = 6; }), but + "max_tokens 5 instead of 6");
  EXPECT_EQ(differs([](auto& r) { r.thinking_tokens = 9; }), but + "thinking 0 instead of 9");
  EXPECT_EQ(differs([](auto& r) { r.chat = Chat{}; }), but + "form prompt instead of chat");
  EXPECT_EQ(differs([](auto& r) { r.stop = {"x", "y"}; }), but + "stop `x` instead of `x`, `y`");
  EXPECT_EQ(differs([&](auto& r) {
              r.constraint = model.generator->compile({ConstraintSource::Language::gbnf, "root ::= \"b\""});
            }).find(but + "output format none instead of gbnf:"),
            0U);
}

TEST_F(Recording, KeepsTheModelsOfOneNameApart) {
  generated(recorded("echo 1"), {.prompt = "p"});
  generated(recorded("echo 2"), {.prompt = "q"});
  EXPECT_EQ(reason_of(generated(replay({.identity = "echo 1"}), {.prompt = "p"})), "no failure");
  EXPECT_EQ(reason_of(generated(replay({.identity = "echo 2"}), {.prompt = "p"})),
            "rec.jsonl has no answer to this: the prompt is recorded with model echo 1 instead of echo 2");
}

TEST_F(Recording, HoldsChoicesWithAndWithoutProbabilities) {
  const auto choices = std::make_shared<const std::vector<std::string>>(std::vector<std::string>{"a", "b"});
  const Model live = recorded();
  scored(live, {.prompt = "weigh", .choices = choices});
  scored(live, {.prompt = "pick", .choices = choices});
  const Model model = replay();
  const auto weighed = std::get<ChoiceScores>(scored(model, {.prompt = "weigh", .choices = choices}));
  EXPECT_EQ(*weighed.evidence.labels.names, *choices);
  EXPECT_EQ(weighed.evidence.labels.probabilities, (std::vector<float>{0.3F, 0.7F}));
  EXPECT_EQ(std::get<ChoiceScores>(scored(model, {.prompt = "pick", .choices = choices})).chosen, 1U);
}

TEST_F(Recording, HoldsWhatAClassifierSaidWithItsLabels) {
  recorder_ = Recorder::open(file());
  const Model live =
      recorder_->recorded({.classifier = std::make_shared<Fixed>(), .generator = nullptr, .scorer = nullptr},
                          {.name = "nano", .identity = "fixed", .cost = {}});
  std::vector<float> said(2);
  // Bytes that are not UTF-8 are told from each other, though a line cannot hold them.
  live.classifier->classify("rain \xff", said);
  const Model model = replay({.name = "nano"});
  const auto scores = std::get<ChoiceScores>(scored(model, {.prompt = "rain \xff"}));
  EXPECT_EQ(*scores.evidence.labels.names, (std::vector<std::string>{"music", "weather"}));
  EXPECT_EQ(scores.evidence.labels.probabilities, said);
  EXPECT_TRUE(std::holds_alternative<ModelFailure>(scored(model, {.prompt = "rain \xfe"})));
}

TEST_F(Recording, WritesNoAnswerTwiceAndPutsAnAnswerInThePlaceOfAFailure) {
  for (int run = 0; run < 2; ++run) {
    const Model live = recorded();
    generated(live, {.prompt = "p"});
    generated(live, {.prompt = "fail"});
    generated(live, {.prompt = "late"});
    EXPECT_EQ(recorder_->result().added, run == 0 ? 2U : 0U);
    EXPECT_EQ(recorder_->result().known, run == 0 ? 0U : 2U);
    recorder_.reset();
  }
  EXPECT_EQ(reason_of(generated(replay(), {.prompt = "fail"})), "ill");
  EXPECT_EQ(reason_of(generated(replay(), {.prompt = "late"})),
            "rec.jsonl has no answer of `small` to the prompt \"late\"");
  echo_->is_ill = false;
  generated(recorded(), {.prompt = "fail"});
  EXPECT_EQ(reason_of(generated(replay(), {.prompt = "fail"})), "no failure");
}

TEST_F(Recording, GoesOnBehindALineThatWasCutOff) {
  generated(recorded(), {.prompt = "p"});
  generated(recorded(), {.prompt = "q"});
  recorder_.reset();
  std::filesystem::resize_file(file(), std::filesystem::file_size(file()) - 10);
  EXPECT_NE(replay().info.architecture.find("last line cut off"), std::string::npos);
  generated(recorded(), {.prompt = "r"});
  const Model model = replay();
  EXPECT_EQ(reason_of(generated(model, {.prompt = "p"})), "no failure");
  EXPECT_NE(reason_of(generated(model, {.prompt = "q"})), "no failure");
  EXPECT_EQ(reason_of(generated(model, {.prompt = "r"})), "no failure");
}

TEST_F(Recording, IsNotBegunInAFileThatIsNone) {
  const auto other = folder_.write("other.jsonl", "{\"text\": \"dear to somebody\"}\n");
  EXPECT_THROW(Recorder::open(other), ModelError);
  EXPECT_EQ(text_of_file(other), "{\"text\": \"dear to somebody\"}\n");
  EXPECT_THROW(Recorder::open("/dev/null"), ModelError);
  const Model live = recorded();
  EXPECT_THROW(Recorder::open(file()), ModelError) << "two processes would write the same keys";
}

TEST_F(Recording, AFullDiskIsToldAndLeavesNoHalfLine) {
  const auto former = std::signal(SIGXFSZ, SIG_IGN);
  rlimit limit{};
  ::getrlimit(RLIMIT_FSIZE, &limit);
  const rlimit small{1000, limit.rlim_max};
  const Model live = recorded();
  ::setrlimit(RLIMIT_FSIZE, &small);
  for (int i = 0; i < 20; ++i)
    EXPECT_EQ(reason_of(generated(live, {.prompt = std::to_string(i)})), "no failure");
  ::setrlimit(RLIMIT_FSIZE, &limit);
  std::signal(SIGXFSZ, former);
  EXPECT_NE(recorder_->result().error, "");
  const auto added = recorder_->result().added;
  EXPECT_GT(added, 0U);
  EXPECT_LT(added, 20U);
  EXPECT_EQ(replay().info.architecture, "replay of small, " + std::to_string(added) + " calls recorded");
}

TEST_F(Recording, ManyThreadsWriteWholeLines) {
  const Model live = recorded();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&live] {
      for (int n = 0; n < 50; ++n) generated(live, {.prompt = std::to_string(n)});
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(recorder_->result().added, 50U);
  EXPECT_EQ(replay().info.architecture, "replay of small, 50 calls recorded");
}

TEST_F(Recording, ChangedWhileItIsOpenFailsAMessageAndNothingElse) {
  generated(recorded(), {.prompt = "p"});
  const Model model = replay();
  std::filesystem::resize_file(file(), 20);
  EXPECT_EQ(reason_of(generated(model, {.prompt = "p"})), "rec.jsonl has been changed since it was opened");
}

TEST_F(Recording, AtItsRecordedPaceTakesItsTime) {
  generated(recorded(), {.prompt = "p"});
  recorder_.reset();
  std::string text = text_of_file(file());
  const auto begin = text.find("\"duration_ms\":");
  text.replace(begin, text.find('}', begin) - begin, "\"duration_ms\":3600000");
  std::ofstream{file()} << text;
  const Model model = replay({.pace = ReplayOptions::Pace::recorded});
  const auto late = std::make_shared<std::promise<GenerationResult>>();
  GenerationRequest request{.prompt = "p"};
  request.patience.deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds{20};
  model.generator->generate(std::move(request), [late](GenerationResult result) { late->set_value(result); });
  EXPECT_EQ(std::get<ModelFailure>(late->get_future().get()).kind, ModelFailure::Kind::expired);
  EXPECT_EQ(std::get<Generation>(generated(replay(), {.prompt = "p"})).recorded.duration,
            std::chrono::hours{1});
}

TEST(AnsweredLines, OfRealRequestsAreFoundByTheirId) {
  const char* data = std::getenv("SLM_GRAPH_DATA");  // NOLINT(concurrency-mt-unsafe)
  if (data == nullptr) GTEST_SKIP() << "SLM_GRAPH_DATA names no folder with public data";
  ReplayOptions options{.file = std::filesystem::path{data} / "isear" / "stream.jsonl",
                        .answer_field = "answers.gpt-3.5-turbo-1106"};
  std::vector<std::string> problems;
  EXPECT_EQ(open_answers(options, problems), nullptr) << "some texts come twice with different answers";
  EXPECT_EQ(problems.size(), 4U);
  options.key = ReplayOptions::Key::id;
  const auto answers = open_answers(options, problems);
  ASSERT_NE(answers, nullptr) << problems.front();
  const Came came = answers->find({.call = Asked::Call::choose, .choices = {"fear", "joy"}}, "isear-0");
  EXPECT_EQ(std::get<ChoiceScores>(came.answer).chosen, 1U);
}

}  // namespace
}  // namespace slm::replay
