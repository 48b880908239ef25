#include "tests/models/openai/batch_server.h"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <sstream>

namespace slm::testing {
namespace {

using nlohmann::json;

BatchServer::Answer echo(const std::string& prompt) {
  return {200, json{{"choices", {{{"message", {{"content", "said " + prompt}}}, {"finish_reason", "stop"}}}},
                    {"usage", {{"prompt_tokens", 5}, {"completion_tokens", 3}}}}
                   .dump()};
}

std::string prompt_of(const json& body) {
  return body.contains("prompt") ? body["prompt"] : body["messages"][0]["content"];
}

}  // namespace

BatchServer::BatchServer() : answer_{echo}, server_{[this](Visit& visit) { serve(visit); }} {}

void BatchServer::end_as(const std::string& status) {
  const std::lock_guard lock{mutex_};
  end_ = status;
}

void BatchServer::answer_at_once(bool is_at_once) {
  const std::lock_guard lock{mutex_};
  is_at_once_ = is_at_once;
}

void BatchServer::end_all() {
  const std::lock_guard lock{mutex_};
  for (Batch& batch : batches_)
    if (batch.status == "in_progress") run(batch);
}

void BatchServer::answer_with(std::function<Answer(const std::string&)> answer) {
  const std::lock_guard lock{mutex_};
  answer_ = std::move(answer);
}

void BatchServer::intercept(std::function<bool(const std::string&, Visit&)> intercept) {
  const std::lock_guard lock{mutex_};
  intercept_ = std::move(intercept);
}

void BatchServer::add_to_output(const std::string& text) {
  const std::lock_guard lock{mutex_};
  more_output_ = text;
}

std::vector<BatchServer::Batch> BatchServer::batches() const {
  const std::lock_guard lock{mutex_};
  return batches_;
}

std::map<std::string, int> BatchServer::asked() const {
  std::map<std::string, int> asked;
  for (const Batch& batch : batches())
    for (const std::string& prompt : batch.prompts) ++asked[prompt];
  return asked;
}

int BatchServer::uploads() const {
  const std::lock_guard lock{mutex_};
  return uploads_;
}

int BatchServer::looks() const {
  const std::lock_guard lock{mutex_};
  return looks_;
}

std::string BatchServer::file(const std::string& id) const {
  const std::lock_guard lock{mutex_};
  return files_.at(id);
}

bool BatchServer::becomes(const std::function<bool()>& condition) const {
  const auto end = std::chrono::steady_clock::now() + std::chrono::minutes{1};
  while (!condition()) {
    std::unique_lock lock{mutex_};
    if (changed_.wait_until(lock,
                            std::min(end, std::chrono::steady_clock::now() + std::chrono::milliseconds{5})) ==
            std::cv_status::timeout &&
        std::chrono::steady_clock::now() >= end)
      return false;
  }
  return true;
}

void BatchServer::serve(Visit& visit) {
  const std::string line = visit.headers.substr(0, visit.headers.find(" HTTP/"));
  {
    std::unique_lock lock{mutex_};
    const auto intercept = intercept_;
    lock.unlock();
    if (intercept && intercept(line, visit)) return;
  }
  const std::lock_guard lock{mutex_};
  changed_.notify_all();
  const std::string files = "GET /v1/files/", batches = "GET /v1/batches/";
  if (line == "POST /v1/files") return upload(visit);
  if (line == "POST /v1/batches") return visit.respond("200 OK", "", json_of(start(visit.body)));
  if (line.starts_with("GET /v1/batches?")) return list(visit, line);
  if (line.starts_with(files) && line.ends_with("/content")) {
    const std::string id =
        line.substr(files.size(), line.size() - files.size() - std::string{"/content"}.size());
    return visit.respond("200 OK", "", files_.at(id));
  }
  const bool is_cancel = line.starts_with("POST /v1/batches/") && line.ends_with("/cancel");
  for (Batch& batch : batches_) {
    if (line == batches + batch.id) {
      ++looks_;
      return visit.respond("200 OK", "", json_of(batch));
    }
    if (is_cancel && line == "POST /v1/batches/" + batch.id + "/cancel") {
      batch.status = "cancelling";
      return visit.respond("200 OK", "", json_of(batch));
    }
  }
  visit.respond("404 Not Found", "", R"({"error":{"message":"there is no such thing"}})");
}

void BatchServer::upload(Visit& visit) {
  // One part is the purpose, the other one the file; both end before a line with the boundary.
  const std::string begin = "Content-Type: application/jsonl\r\n\r\n";
  const std::size_t at = visit.body.find(begin);
  if (visit.body.find("name=\"purpose\"\r\n\r\nbatch\r\n") == std::string::npos || at == std::string::npos)
    return visit.respond("400 Bad Request", "", R"({"error":{"message":"no file"}})");
  const std::string content = visit.body.substr(at + begin.size());
  const std::string id = "file-" + std::to_string(++uploads_);
  files_[id] = content.substr(0, content.rfind("\r\n--", content.size() - 4));
  visit.respond("200 OK", "", json{{"id", id}, {"object", "file"}, {"purpose", "batch"}}.dump());
}

void BatchServer::begin(const std::string& body) {
  const std::lock_guard lock{mutex_};
  start(body);
}

const BatchServer::Batch& BatchServer::start(const std::string& body) {
  const json asked = json::parse(body);
  Batch batch{.id = "batch_" + std::to_string(batches_.size() + 1),
              .input_file = asked["input_file_id"],
              .key = asked["metadata"]["slm_graph"],
              .status = "in_progress",
              .window = asked["completion_window"],
              .endpoint = asked["endpoint"]};
  std::istringstream lines{files_.at(batch.input_file)};
  for (std::string line; std::getline(lines, line);)
    batch.prompts.push_back(prompt_of(json::parse(line)["body"]));
  if (is_at_once_) run(batch);
  return batches_.emplace_back(std::move(batch));
}

void BatchServer::list(Visit& visit, const std::string& query) {
  // Two a page, so that there are pages.
  constexpr std::size_t kPage = 2;
  const std::size_t after_at = query.find("after=");
  const std::string after = after_at == std::string::npos ? "" : query.substr(after_at + 6);
  json data = json::array();
  bool is_reached = after.empty();
  bool has_more = false;
  for (auto batch = batches_.rbegin(); batch != batches_.rend(); ++batch) {
    if (is_reached) {
      has_more = data.size() == kPage;
      if (has_more) break;
      data.push_back(json::parse(json_of(*batch)));
    }
    is_reached = is_reached || batch->id == after;
  }
  visit.respond("200 OK", "", json{{"data", data}, {"has_more", has_more}}.dump());
}

void BatchServer::run(Batch& batch) {
  batch.status = end_;
  if (end_ == "failed") return;
  std::istringstream lines{files_.at(batch.input_file)};
  std::string output, errors;
  int number = 0;
  for (std::string line; std::getline(lines, line); ++number) {
    const json request = json::parse(line);
    json result{{"id", "request-" + std::to_string(number)}, {"custom_id", request["custom_id"]}};
    const Answer answer = answer_(prompt_of(request["body"]));
    if (end_ == "expired" && number % 2 == 1) {
      result["response"] = nullptr;
      result["error"] = {{"code", "batch_expired"}, {"message", "there was no time for this request"}};
      errors.insert(0, result.dump() + "\n");
    } else if (!answer.body.empty()) {
      result["response"] = {{"status_code", answer.status}, {"body", json::parse(answer.body)}};
      result["error"] = nullptr;
      (answer.status == 200 ? output : errors).insert(0, result.dump() + "\n");
    }
    ++batch.done;
  }
  output += more_output_;
  const auto put = [&](const std::string& text, const char* what) {
    if (text.empty()) return std::string{};
    const std::string id = what + batch.id;
    files_[id] = text;
    return id;
  };
  batch.output_file = put(output, "output-");
  batch.error_file = put(errors, "errors-");
}

std::string BatchServer::json_of(const Batch& batch) {
  const auto or_null = [](const std::string& text) { return text.empty() ? json() : json(text); };
  json result{
      {"id", batch.id},
      {"object", "batch"},
      {"status", batch.status},
      {"input_file_id", batch.input_file},
      {"output_file_id", or_null(batch.output_file)},
      {"error_file_id", or_null(batch.error_file)},
      {"errors", nullptr},
      {"metadata", {{"slm_graph", batch.key}}},
      {"request_counts", {{"total", batch.prompts.size()}, {"completed", batch.done}, {"failed", 0}}}};
  if (batch.status == "failed")
    result["errors"] = {{"data", {{{"code", "x"}, {"line", 3}, {"message", "the model is not known"}}}}};
  return result.dump();
}

}  // namespace slm::testing
