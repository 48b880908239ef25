// Requests in batches, over real sockets, and what may become of them.

#include <gmock/gmock.h>

#include <atomic>
#include <fstream>
#include <mutex>
#include <nlohmann/json.hpp>

#include "tests/models/openai/ask.h"
#include "tests/models/openai/batch_server.h"
#include "tests/runtime/temporary_folder.h"

namespace slm::openai {
namespace {

using nlohmann::json;
using slm::testing::BatchServer;
using slm::testing::Visit;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class OpenAiBatch : public ::testing::Test {
 protected:
  OpenAiBatch() { options_ = options_for(server_.url()); }

  std::shared_ptr<OpenAiModel> model(std::stop_token leaving = {}) {
    const auto opened = open_openai_in_batches(options_, batches_,
                                               {.log =
                                                    [log = log_](const std::string& line) {
                                                      const std::lock_guard lock(log->mutex);
                                                      log->text += line + "\n";
                                                    },
                                                .leaving = std::move(leaving)});
    EXPECT_TRUE(opened.is_batched);
    return std::dynamic_pointer_cast<OpenAiModel>(opened.generator);
  }
  std::string log() {
    const std::lock_guard lock(log_->mutex);
    return log_->text;
  }
  /// Asks for each, in order.
  static std::vector<std::future<GenerationResult>> ask_all(Generator& model,
                                                            const std::vector<std::string>& prompts) {
    std::vector<std::future<GenerationResult>> answers;
    for (const auto& prompt : prompts) answers.push_back(ask(model, {.prompt = prompt}));
    return answers;
  }
  int files(const std::string& ending) const {
    int count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(batches_.journal))
      count += entry.path().string().ends_with(ending) ? 1 : 0;
    return count;
  }

  slm::testing::TemporaryFolder folder_;
  BatchServer server_;
  OpenAiOptions options_;
  BatchOptions batches_{.journal = folder_ / "journal", .max_items = 3, .max_wait = 30s, .poll = 10ms};
  struct Log {
    std::mutex mutex;
    std::string text;
  };
  std::shared_ptr<Log> log_ = std::make_shared<Log>();  // which a model's last thread may outlive us with
};

TEST_F(OpenAiBatch, SendsAFullBatchAndAnswersEachRequestByItsName) {
  const auto model = this->model();
  auto answers = ask_all(*model, {"a", "b", "c"});
  ASSERT_TRUE(server_.has_batches(1));
  server_.end_all();
  EXPECT_EQ(text_of(taken(std::move(answers[0]))), "said a");
  EXPECT_EQ(text_of(taken(std::move(answers[1]))), "said b");
  const auto last = taken(std::move(answers[2]));
  EXPECT_EQ(text_of(last), "said c");
  EXPECT_EQ(std::get<Generation>(last).prompt_tokens, 5);
  EXPECT_EQ(std::get<Generation>(last).generated_tokens, 3);
  const auto batch = server_.batches().front();
  EXPECT_EQ(batch.window, "24h");
  EXPECT_EQ(batch.endpoint, "/v1/chat/completions");
  std::istringstream lines(server_.file(batch.input_file));
  std::string line;
  std::getline(lines, line);
  const auto request = json::parse(line);
  EXPECT_EQ(request["method"], "POST");
  EXPECT_EQ(request["url"], "/v1/chat/completions");
  EXPECT_EQ(request["body"]["model"], "medium");
  EXPECT_EQ(request["body"]["stream"], false);
  EXPECT_LE(request["custom_id"].get<std::string>().size(), 64U);
  EXPECT_THAT(log(), HasSubstr("batch batch_1: sent, 3 requests\n"));
  EXPECT_TRUE(server_.becomes(
      [&] { return log().find("batch batch_1: completed, 3 answers\n") != std::string::npos; }));
}

TEST_F(OpenAiBatch, SendsWhatHasWaitedLongEnough) {
  batches_.max_wait = 5ms;
  server_.answer_at_once();
  EXPECT_EQ(text_of(taken(ask(*model(), {.prompt = "alone"}))), "said alone");
}

TEST_F(OpenAiBatch, KeepsABatchWithinItsBytes) {
  batches_.max_bytes = 1000;
  batches_.max_items = 100;
  batches_.max_wait = 50ms;
  server_.answer_at_once();
  const auto model = this->model();
  std::vector<std::string> prompts;
  for (char c = 'a'; c < 'g'; ++c) prompts.push_back(std::string(300, c));
  for (auto& answer : ask_all(*model, prompts))
    EXPECT_THAT(text_of(taken(std::move(answer))), HasSubstr("said"));
  for (const auto& batch : server_.batches()) EXPECT_LE(server_.file(batch.input_file).size(), 1000U);
  EXPECT_GE(server_.batches().size(), 3U);
}

TEST_F(OpenAiBatch, AnswersTheSameQuestionTwiceWithTwoRequests) {
  server_.answer_at_once();
  const auto model = this->model();
  for (auto& answer : ask_all(*model, {"a", "a", "b"})) taken(std::move(answer));
  EXPECT_EQ(server_.asked()["a"], 2);
}

TEST_F(OpenAiBatch, ReadsEvidenceAndChoices) {
  server_.answer_at_once();
  server_.answer_with([](const std::string&) {
    return BatchServer::Answer{
        200, R"({"choices":[{"message":{"content":"Hi"},"finish_reason":"stop","logprobs":{"content":[
                {"token":"Hi","logprob":-0.5,"top_logprobs":[]}]}}],"usage":{"completion_tokens":1}})"};
  });
  batches_.max_items = 1;
  const auto model = this->model();
  const auto result = taken(ask(*model, {.prompt = "p"}));
  EXPECT_THAT(std::get<Generation>(result).evidence.token_logprobs, ElementsAre(-0.5F));
  server_.answer_with([](const std::string&) {
    return BatchServer::Answer{
        200, R"({"choices":[{"message":{"content":"{\"choice\":\"no\"}"},"finish_reason":"stop"}]})"};
  });
  std::promise<ChoiceResult> chosen;
  const auto choices =
      std::make_shared<const std::vector<std::string>>(std::vector<std::string>{"yes", "no"});
  model->score({.prompt = "q", .choices = choices},
               [&](ChoiceResult choice) { chosen.set_value(std::move(choice)); });
  EXPECT_EQ(std::get<ChoiceScores>(taken(chosen.get_future())).chosen, 1U);
}

TEST_F(OpenAiBatch, TellsWhyEachRequestHasNoAnswer) {
  server_.answer_at_once();
  server_.answer_with([](const std::string& prompt) -> BatchServer::Answer {
    if (prompt == "missing") return {200, ""};
    if (prompt == "refused") return {400, R"({"error":{"message":"this is too long"}})"};
    return {200, R"({"choices":[{"message":{"refusal":"I will not"}}]})"};
  });
  server_.add_to_output(
      "{\"custom_id\":\"nobody's\",\"response\":{\"status_code\":200,\"body\":{}}}\nnot JSON\n");
  const auto model = this->model();
  auto answers = ask_all(*model, {"missing", "refused", "unwilling"});
  EXPECT_THAT(reason_of(taken(std::move(answers[0]))), HasSubstr("batch_1 has no answer for it"));
  EXPECT_THAT(reason_of(taken(std::move(answers[1]))), HasSubstr("status 400: this is too long"));
  EXPECT_THAT(reason_of(taken(std::move(answers[2]))), HasSubstr("the model refuses: I will not"));
  EXPECT_TRUE(server_.becomes([&] { return log().find("1 line that cannot be read") != std::string::npos; }));
}

TEST_F(OpenAiBatch, TakesTheFirstOfTwoAnswersOfOneName) {
  batches_.max_items = 1;
  const auto model = this->model();
  auto answer = ask(*model, {.prompt = "a"});
  ASSERT_TRUE(server_.has_batches(1));
  const auto id = json::parse(server_.file(server_.batches().front().input_file))["custom_id"];
  server_.add_to_output(
      json{{"custom_id", id},
           {"response",
            {{"status_code", 200}, {"body", {{"choices", {{{"message", {{"content", "again"}}}}}}}}}}}
          .dump() +
      "\n");
  server_.end_all();
  EXPECT_EQ(text_of(taken(std::move(answer))), "said a");
}

TEST_F(OpenAiBatch, FailsAllOfABatchThatTheServerRefuses) {
  server_.answer_at_once();
  server_.end_as("failed");
  const auto model = this->model();
  for (auto& answer : ask_all(*model, {"a", "b", "c"}))
    EXPECT_THAT(reason_of(taken(std::move(answer))),
                HasSubstr("was refused: line 3: the model is not known"));
  EXPECT_TRUE(server_.becomes([&] { return files(".json") == 0; })) << "nothing was paid for";
}

TEST_F(OpenAiBatch, GivesTheAnswersThatAnExpiredBatchHas) {
  server_.answer_at_once();
  server_.end_as("expired");
  const auto model = this->model();
  auto answers = ask_all(*model, {"a", "b", "c"});
  EXPECT_EQ(text_of(taken(std::move(answers[0]))), "said a");
  EXPECT_THAT(reason_of(taken(std::move(answers[1]))), HasSubstr("there was no time for this request"));
  EXPECT_EQ(text_of(taken(std::move(answers[2]))), "said c");
}

TEST_F(OpenAiBatch, SaysOnceWhatToDoWhereTheServerHasNoBatches) {
  server_.intercept([](const std::string&, Visit& visit) {
    visit.respond("404 Not Found", "", R"({"error":"no such path"})");
    return true;
  });
  const auto model = this->model();
  for (auto& answer : ask_all(*model, {"a", "b", "c"}))
    EXPECT_THAT(reason_of(taken(std::move(answer))),
                HasSubstr("status 404: no such path; a model with `batch` needs a server that has batches"));
}

TEST_F(OpenAiBatch, TriesAgainWhatTheServerHasNoTimeFor) {
  std::atomic<int> busy = 0;
  std::map<std::string, int> seen;
  server_.intercept([&](const std::string& line, Visit& visit) {
    // The first of each kind; several at once never come.
    const std::string kind = line.substr(0, line.find_first_of("0123456789", line.find("/v1") + 3));
    if (seen[kind]++ > 0) return false;
    ++busy;
    visit.respond(kind == "GET /v1/batches/batch_" ? "503 Service Unavailable" : "429 Too Many Requests", "",
                  "{}");
    return true;
  });
  server_.answer_at_once();
  options_.retries = 1;
  const auto model = this->model();
  for (auto& answer : ask_all(*model, {"a", "b", "c"}))
    EXPECT_THAT(text_of(taken(std::move(answer))), HasSubstr("said"));
  EXPECT_EQ(busy, 4) << "upload, start, look and download";
  EXPECT_EQ(server_.batches().size(), 1U);
}

TEST_F(OpenAiBatch, GivesUpAnUploadAfterItsTries) {
  server_.intercept([](const std::string&, Visit& visit) {
    visit.respond("503 Service Unavailable", "", R"({"error":"busy"})");
    return true;
  });
  options_.retries = 1;
  const auto model = this->model();
  for (auto& answer : ask_all(*model, {"a", "b", "c"}))
    EXPECT_THAT(reason_of(taken(std::move(answer))), HasSubstr("503: busy (the last of 2 tries)"));
}

TEST_F(OpenAiBatch, LooksForABatchWhoseStartWasNotAnswered) {
  std::atomic<int> starts = 0;
  server_.intercept([&](const std::string& line, Visit& visit) {
    if (line != "POST /v1/batches" || starts++ > 0) return false;
    server_.begin(visit.body);
    visit.hang_up();  // before that can be told
    return true;
  });
  server_.answer_at_once();
  const auto model = this->model();
  for (auto& answer : ask_all(*model, {"a", "b", "c"}))
    EXPECT_THAT(text_of(taken(std::move(answer))), HasSubstr("said"));
  EXPECT_EQ(starts, 1);
  EXPECT_EQ(server_.batches().size(), 1U);
}

TEST_F(OpenAiBatch, ALaterProcessTakesTheAnswersOfABatchUnderWay) {
  {
    const auto model = this->model();
    auto answers = ask_all(*model, {"a", "b", "a"});
    ASSERT_TRUE(server_.has_batches(1));
  }
  server_.end_all();
  batches_.max_wait = 10ms;
  server_.answer_at_once();
  const auto model = this->model();
  auto answers = ask_all(*model, {"b", "a", "a", "new"});
  EXPECT_EQ(text_of(taken(std::move(answers[0]))), "said b");
  EXPECT_EQ(text_of(taken(std::move(answers[1]))), "said a");
  EXPECT_EQ(text_of(taken(std::move(answers[2]))), "said a");
  EXPECT_EQ(text_of(taken(std::move(answers[3]))), "said new");
  EXPECT_EQ(server_.asked(), (std::map<std::string, int>{{"a", 2}, {"b", 1}, {"new", 1}}));
}

TEST_F(OpenAiBatch, ALaterProcessTakesTheAnswersOfABatchThatIsDone) {
  server_.answer_at_once();
  for (int i = 0; i < 3; ++i) {
    const auto model = this->model();
    for (auto& answer : ask_all(*model, {"a", "b", "c"}))
      EXPECT_THAT(text_of(taken(std::move(answer))), HasSubstr("said"));
  }
  EXPECT_EQ(server_.uploads(), 1);
  EXPECT_EQ(files(".input.jsonl"), 0) << "requests are kept no longer than needed";
  batches_.keep = 0ms;
  std::this_thread::sleep_until(std::chrono::ceil<std::chrono::seconds>(std::chrono::system_clock::now()));
  const auto model = this->model();
  for (auto& answer : ask_all(*model, {"a", "b", "c"})) taken(std::move(answer));
  EXPECT_EQ(server_.uploads(), 2) << "what is older than `keep` is forgotten";
}

TEST_F(OpenAiBatch, ALaterProcessFindsABatchWhoseNameWasLost) {
  batches_.max_items = 1;
  for (int i = 0; i < 5; ++i) {  // several pages of them
    const auto model = this->model();
    auto answer = ask(*model, {.prompt = "a" + std::to_string(i)});
    ASSERT_TRUE(server_.has_batches(static_cast<std::size_t>(i) + 1));
  }
  // As after a kill before the answer was there.
  for (const auto& entry : std::filesystem::directory_iterator(batches_.journal)) {
    if (entry.path().extension() != ".json") continue;
    std::ifstream stream(entry.path());
    auto state = json::parse(stream);
    state["batch_id"] = "";
    std::ofstream(entry.path()) << state.dump();
  }
  server_.end_all();
  const auto model = this->model();
  auto answers = ask_all(*model, {"a0", "a1", "a2", "a3", "a4"});
  for (auto& answer : answers) EXPECT_THAT(text_of(taken(std::move(answer))), HasSubstr("said a"));
  EXPECT_EQ(server_.uploads(), 5);
}

TEST_F(OpenAiBatch, ALaterProcessForgetsABatchThatWasNeverBegun) {
  server_.intercept([](const std::string& line, Visit& visit) {
    if (line == "POST /v1/batches") visit.wait_until_closed();
    return line == "POST /v1/batches";
  });
  {
    const auto model = this->model();
    auto answers = ask_all(*model, {"a", "b", "c"});
    ASSERT_TRUE(server_.becomes([&] { return files(".json") == 1; }));
  }
  server_.intercept(nullptr);
  server_.answer_at_once();
  const auto model = this->model();
  for (auto& answer : ask_all(*model, {"a", "b", "c"}))
    EXPECT_THAT(text_of(taken(std::move(answer))), HasSubstr("said"));
  EXPECT_EQ(server_.asked(), (std::map<std::string, int>{{"a", 1}, {"b", 1}, {"c", 1}}));
}

TEST_F(OpenAiBatch, ABatchThatTheServerDoesNotKnowIsNotPaidForAgain) {
  {
    const auto model = this->model();
    auto answers = ask_all(*model, {"a", "b", "c"});
    ASSERT_TRUE(server_.has_batches(1));
  }
  server_.intercept([](const std::string& line, Visit& visit) {
    if (!line.starts_with("GET /v1/batches/")) return false;
    visit.respond("404 Not Found", "", R"({"error":{"message":"no such batch"}})");
    return true;
  });
  EXPECT_THAT(
      reason_of(taken(ask(*model(), {.prompt = "a"}))),
      ::testing::AllOf(HasSubstr("no such batch"), HasSubstr("known from " + batches_.journal.string())));
  EXPECT_EQ(server_.uploads(), 1);
}

TEST_F(OpenAiBatch, ACancelledRequestEndsAtOnceAndItsBatchWhenNobodyWaits) {
  const auto model = this->model();
  std::vector<std::stop_source> callers(3);
  std::vector<std::future<GenerationResult>> answers;
  for (auto& caller : callers)
    answers.push_back(ask(*model, {.prompt = "p", .patience = {.cancelled = caller.get_token()}}));
  ASSERT_TRUE(server_.has_batches(1));
  callers[0].request_stop();
  EXPECT_EQ(kind_of_failure(taken(std::move(answers[0]))), ModelFailure::Kind::cancelled);
  const int looks = server_.looks();
  ASSERT_TRUE(server_.becomes([&] { return server_.looks() > looks + 3; }));
  EXPECT_EQ(server_.batches().front().status, "in_progress") << "two still wait";
  callers[1].request_stop();
  callers[2].request_stop();
  EXPECT_TRUE(server_.becomes([&] { return server_.batches().front().status == "cancelling"; }));
}

TEST_F(OpenAiBatch, ARequestEndsAtItsDeadline) {
  const auto model = this->model();
  const auto deadline = std::chrono::steady_clock::now() + 20ms;
  EXPECT_EQ(kind_of_failure(taken(ask(*model, {.prompt = "p", .patience = {.deadline = deadline}}))),
            ModelFailure::Kind::expired);
  EXPECT_EQ(server_.uploads(), 0) << "it had not been sent";
}

TEST_F(OpenAiBatch, WhatCanBePutOffIsLeftToALaterProcess) {
  std::stop_source leaving;
  const auto model = this->model(leaving.get_token());
  std::vector<std::future<GenerationResult>> answers;
  for (int i = 0; i < 3; ++i)
    answers.push_back(ask(*model, {.prompt = "p", .patience = {.can_be_put_off = i < 2}}));
  ASSERT_TRUE(server_.has_batches(1));
  leaving.request_stop();
  for (int i = 0; i < 2; ++i)
    EXPECT_EQ(kind_of_failure(taken(std::move(answers[static_cast<std::size_t>(i)]))),
              ModelFailure::Kind::put_off);
  EXPECT_EQ(kind_of_failure(taken(ask(*model, {.prompt = "late", .patience = {.can_be_put_off = true}}))),
            ModelFailure::Kind::put_off);
  server_.end_all();
  EXPECT_EQ(text_of(taken(std::move(answers[2]))), "said p");
}

TEST_F(OpenAiBatch, IsUnloadedWithoutWaitingForAnybody) {
  server_.intercept([](const std::string& line, Visit& visit) {
    if (line == "POST /v1/files") visit.wait_until_closed();
    return line == "POST /v1/files";
  });
  std::vector<std::future<GenerationResult>> answers;
  {
    const auto model = this->model();
    answers = ask_all(*model, {"a", "b", "c"});
  }
  for (auto& answer : answers) EXPECT_EQ(reason_of(taken(std::move(answer))), "the model was unloaded");
}

TEST_F(OpenAiBatch, AnAnswerMayDropTheModel) {
  batches_.max_items = 1;
  server_.answer_at_once();
  auto model = this->model();
  OpenAiModel& asked = *model;
  std::promise<void> dropped;
  asked.generate({.prompt = "p"}, [model = std::move(model), &dropped](const GenerationResult&) mutable {
    model.reset();
    dropped.set_value();
  });
  taken(dropped.get_future());
}

TEST_F(OpenAiBatch, AJournalIsOfOneModelAndOneServer) {
  {
    const auto model = this->model();
    EXPECT_THROW(this->model(), ModelError);
    auto answers = ask_all(*model, {"a", "b", "c"});
    ASSERT_TRUE(server_.has_batches(1));
  }
  options_.url = "http://127.0.0.1:1/v1";
  try {
    model();
    FAIL() << "the batches are another server's";
  } catch (const ModelError& error) {
    EXPECT_THAT(error.what(), HasSubstr("its batches are those of http://127.0.0.1:"));
  }
}

TEST_F(OpenAiBatch, ADamagedJournalIsAnErrorThatNamesTheFile) {
  std::filesystem::create_directories(batches_.journal);
  std::ofstream(batches_.journal / "slm-graph-1.json") << "{";
  try {
    model();
    FAIL() << "it could hide what was paid for";
  } catch (const ModelError& error) {
    EXPECT_THAT(error.what(), HasSubstr("slm-graph-1.json is damaged"));
  }
}

TEST_F(OpenAiBatch, TheKeyIsShownNowhere) {
  options_.api_key = "sk-secret";
  server_.intercept([](const std::string&, Visit& visit) {
    visit.respond("401 Unauthorized", "", R"({"error":"the key sk-secret is wrong"})");
    return true;
  });
  batches_.max_items = 1;
  EXPECT_THAT(reason_of(taken(ask(*model(), {.prompt = "a"}))),
              ::testing::AllOf(HasSubstr("[the key] is wrong"), Not(HasSubstr("sk-secret"))));
  EXPECT_THAT(log(), Not(HasSubstr("sk-secret")));
}

}  // namespace
}  // namespace slm::openai
