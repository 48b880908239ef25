#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/runtime/program.h"
#include "tests/runtime/temporary_folder.h"

namespace slm::testing {

/// For random numbers that are the same in every run; SLM_TEST_SEED=N gives others.
unsigned seed();

/// What a pipeline of two processes says about them, as YAML maps without their braces.
struct PairOptions {
  std::string on_unreachable = "spool";
  std::string cloud;  ///< empty: it listens at a socket in the test's folder
  std::string edge;
};

/// A pipeline of two processes, `edge` and `cloud`, the second one's part behind a link, and what becomes of
/// requests whose ids count from 0.
class ProcessPair : public ::testing::Test {
 protected:
  /// Of ids.
  using Outcomes = std::map<int, nlohmann::json>;

  ProcessPair();

  std::string pipeline(const PairOptions& options = {}) const;
  /// Keys for both, `edge.key` and `cloud.key` in the test's folder, added to what is said about them.
  PairOptions with_keys(PairOptions options) const;
  /// Runs and listens.
  std::unique_ptr<Program> cloud(const std::string& pipeline) const;
  /// Goes on where it was; a `more` of arguments comes last.
  std::unique_ptr<Program> edge(const std::string& pipeline, const std::string& input,
                                std::vector<std::string> more = {}) const;

  std::string request(int id) const;
  /// A file of requests.
  std::string requests(int count) const;
  std::filesystem::path output() const { return folder_ / "out.jsonl"; }
  std::filesystem::path spool() const { return spools_ / "cloud.spool"; }
  std::uintmax_t output_size() const;
  /// Until that many messages are on disk.
  void wait_until_stored(int count) const;
  /// Until there is an outcome more than now.
  void wait_for_an_outcome() const;
  /// Until work has come to a random point: so many more bytes of output are there, or some time has passed.
  void wait_for_output(std::uintmax_t bytes) const;

  /// Fails the test for every id that has none or several.
  Outcomes outcomes(int count) const;
  /// Each one has the right answer.
  void expect_each_answered_once(int count) const;

  TemporaryFolder folder_;
  std::filesystem::path spools_ = folder_ / "spool";
};

}  // namespace slm::testing
