#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "models/model.h"
#include "nodes/cache/flights.h"
#include "nodes/cache/kept_lines.h"
#include "nodes/cache/nearest.h"
#include "nodes/cache/options.h"

namespace slm::cache {

/// Whose answers are kept.
struct CachedSource {
  std::string name;                 ///< in the pipeline
  std::string identity;             ///< what tells the model from every other one
  std::vector<std::string> labels;  ///< of a model that brings its own
  std::string embedder{};           ///< identity of what embeds its questions; empty: nothing does
};

/// The answers of one model, each kept as the line that a recording would have of it. Any thread.
///
/// What no such line can hold is not kept: failures, and text that is not UTF-8.
class AnswerCache {
 public:
  /// In memory alone.
  AnswerCache(CachedSource source, const CacheOptions& options,
              WallClock clock = std::chrono::system_clock::now);

  /// All that the answer depends on, beside the model.
  std::shared_ptr<const Question> question(replay::Asked asked, std::optional<Subject> subject = {}) const;

  /// As it was given once, with the time that it took then.
  std::optional<replay::Answer> find(const Question& question);
  /// To the nearest of all questions that may be compared, with how near it is; empty where that is less.
  std::optional<replay::Answer> find_nearest(const Question& question, const Embedding& embedding,
                                             double at_least);
  /// With the embedding of its subject; null: it is never found as a near one.
  void keep(const Question& question, const replay::Answer& answer, std::chrono::nanoseconds duration,
            std::shared_ptr<const Embedding> embedding = nullptr);

  KeptLines& lines() { return lines_; }

 private:
  /// Empty where the line is of another question, or of one that is not compared with this.
  std::optional<replay::Answer> answer_in(const std::string& line, const Question& question,
                                          std::uint64_t key);

  const CachedSource source_;
  const bool normalises_;
  const std::shared_ptr<const std::vector<std::string>> labels_;
  KeptLines lines_;
};

/// With its file, where the options name one; `log` is told what is wrong with it. What the file knows of
/// audits goes to the gate, and comes from it, where there is one. Throws as `AnswerFile::open`.
std::shared_ptr<AnswerCache> open_cache(const CachedSource& source, const CacheOptions& options,
                                        const std::function<void(const std::string&)>& log,
                                        NearestGate* gate = nullptr);

/// The text with each run of blanks, tabs and line ends as one blank, and none at its ends.
std::string without_extra_space(std::string_view text);

/// The same model, asked only what is not in the cache, nor near to what is, and not being asked. Its
/// classifier, whose answers take no longer than a search, stays as it is.
Model cached(Model model, const std::shared_ptr<AnswerCache>& cache,
             const std::shared_ptr<Nearest>& nearest = nullptr);

}  // namespace slm::cache
