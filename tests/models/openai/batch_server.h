#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "tests/models/openai/fake_server.h"

namespace slm::testing {

/// A real HTTP server on loopback with files and batches as the OpenAI API has them. A batch is done when the
/// test lets it; its lines are answered in reverse order.
class BatchServer {
 public:
  BatchServer();

  std::string url() const { return server_.url(); }

  /// What the next batches end as, instead of `completed`. An `expired` one has answered every second line.
  void end_as(const std::string& status);
  /// Batches end at once; else they are `in_progress` until they are told to end.
  void answer_at_once(bool is_at_once = true);
  void end_all();
  /// The answer to a request; `status` other than 200 puts it among the errors. Empty: no line at all.
  struct Answer {
    int status = 200;
    std::string body;
  };
  void answer_with(std::function<Answer(const std::string& prompt)> answer);
  /// Handles a request itself where it returns true; asked first.
  void intercept(std::function<bool(const std::string& request, Visit&)> intercept);
  /// What is put after the lines of an output.
  void add_to_output(const std::string& text);

  /// As if a request for a batch had come, whose body this is.
  void begin(const std::string& body);

  struct Batch {
    std::string id, input_file, key, status, output_file, error_file, window, endpoint;
    std::vector<std::string> prompts;
    int done = 0;
  };
  std::vector<Batch> batches() const;
  /// How often each prompt was in a batch that was begun.
  std::map<std::string, int> asked() const;
  int uploads() const;
  int looks() const;
  std::string file(const std::string& id) const;
  /// Waits, a minute at most, until it holds.
  bool becomes(const std::function<bool()>& condition) const;
  bool has_batches(std::size_t count) const {
    return becomes([&] { return batches().size() >= count; });
  }

 private:
  void serve(Visit& visit);
  void upload(Visit& visit);
  const Batch& start(const std::string& body);
  void list(Visit& visit, const std::string& query);
  void run(Batch& batch);
  static std::string json_of(const Batch& batch);

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::map<std::string, std::string> files_;
  std::vector<Batch> batches_;
  std::string end_ = "completed";
  std::string more_output_;
  bool is_at_once_ = false;
  int uploads_ = 0;
  int looks_ = 0;
  std::function<Answer(const std::string&)> answer_;
  std::function<bool(const std::string&, Visit&)> intercept_;
  FakeServer server_;  // last, since its threads use the others
};

}  // namespace slm::testing
