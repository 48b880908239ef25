#include "nodes/cache/answer_cache.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "models/output/utf8.h"
#include "nodes/cache/answer_file.h"

namespace slm::cache {
namespace {

/// Null of a failure.
Recorded* recorded_of(replay::Answer& answer) {
  if (auto* generation = std::get_if<Generation>(&answer)) return &generation->recorded;
  if (auto* scores = std::get_if<ChoiceScores>(&answer)) return &scores->recorded;
  return nullptr;
}

}  // namespace

AnswerCache::AnswerCache(CachedSource source, const CacheOptions& options, WallClock clock)
    : source_{std::move(source)},
      normalises_{options.normalise},
      labels_{std::make_shared<const std::vector<std::string>>(source_.labels)},
      lines_{{static_cast<std::size_t>(options.max_items), options.max_bytes.bytes, options.expires},
             std::move(clock)} {}

std::shared_ptr<const Question> AnswerCache::question(replay::Asked asked,
                                                      std::optional<Subject> subject) const {
  if (normalises_) asked.prompt = without_extra_space(asked.prompt);
  Question question{replay::key_of(asked, source_.identity), std::move(asked)};
  if (subject) {
    question.subject = std::move(subject->text);
    std::string prompt = std::exchange(question.asked.prompt, std::move(subject->frame));
    question.group = replay::key_of(question.asked, source_.identity);
    question.asked.prompt = std::move(prompt);
  }
  return std::make_shared<const Question>(std::move(question));
}

std::optional<replay::Answer> AnswerCache::find(const Question& question) {
  const auto line = lines_.find(question.key);
  return line ? answer_in(*line, question, question.key) : std::nullopt;
}

std::optional<replay::Answer> AnswerCache::find_nearest(const Question& question, const Embedding& embedding,
                                                        double at_least) {
  const auto neighbour = lines_.nearest(question.group, embedding);
  if (!neighbour || neighbour->similarity < at_least) return std::nullopt;
  const auto line = lines_.find(neighbour->key);
  auto answer = line ? answer_in(*line, question, neighbour->key) : std::nullopt;
  if (answer) recorded_of(*answer)->nearest = neighbour->similarity;
  return answer;
}

std::optional<replay::Answer> AnswerCache::answer_in(const std::string& line, const Question& question,
                                                     std::uint64_t key) {
  try {
    auto record = std::get<replay::Record>(replay::parse_line(line));
    if (key != question.key) record.asked.prompt = question.asked.prompt;
    // Keys are short enough for two questions to have the same, if somebody tries.
    if (record.asked != question.asked || record.identity != source_.identity) return std::nullopt;
    Recorded* const recorded = recorded_of(record.answer);
    if (recorded == nullptr) return std::nullopt;
    *recorded = record.recorded;
    if (auto* scores = std::get_if<ChoiceScores>(&record.answer)) {
      auto& labels = scores->evidence.labels;
      if (!labels.empty())
        labels.names = question.asked.choices.empty()
                           ? labels_
                           : std::make_shared<const std::vector<std::string>>(question.asked.choices);
    }
    return as_cached(std::move(record.answer));
  } catch (const std::invalid_argument&) {
    lines_.remove(key);
    return std::nullopt;
  }
}

void AnswerCache::keep(const Question& question, const replay::Answer& answer,
                       std::chrono::nanoseconds duration, std::shared_ptr<const Embedding> embedding) {
  if (std::holds_alternative<ModelFailure>(answer)) return;
  const auto* generation = std::get_if<Generation>(&answer);
  if (generation && output::valid_utf8(generation->text) != generation->text) return;
  replay::Record record{
      .key = question.key,
      .model = source_.name,
      .identity = source_.identity,
      .asked = question.asked,
      .answer = answer,
      .recorded = generation ? generation->recorded : std::get<ChoiceScores>(answer).recorded};
  if (!record.recorded.duration) record.recorded.duration = duration;
  std::optional<Spot> spot;
  if (embedding) spot = {replay::hash_of(source_.embedder), question.group, std::move(embedding)};
  lines_.put(question.key, replay::to_text(std::move(record)), std::move(spot));
}

std::shared_ptr<AnswerCache> open_cache(const CachedSource& source, const CacheOptions& options,
                                        const std::function<void(const std::string&)>& log,
                                        NearestGate* gate) {
  auto cache = std::make_shared<AnswerCache>(source, options);
  if (!options.file) return cache;
  const auto file = AnswerFile::open(options.file->path, log);
  if (!file) return cache;
  std::vector<KeptLine> lines = file->take_lines();
  for (KeptLine& line : lines)
    if (line.spot && line.spot->embedder != replay::hash_of(source.embedder)) line.spot.reset();
  cache->lines().restore(lines, file);
  if (gate == nullptr) return cache;
  const std::uint64_t setting = gate->setting(source.identity, source.embedder);
  gate->restore(file->audits(setting));
  gate->set_journal([file, setting](bool is_error) { file->put(KeptAudit{setting, is_error}); });
  return cache;
}

std::string without_extra_space(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n\v\f";
  std::string result;
  result.reserve(text.size());
  for (auto begin = text.find_first_not_of(kSpace); begin != std::string_view::npos;) {
    const auto end = std::min(text.find_first_of(kSpace, begin), text.size());
    if (!result.empty()) result += ' ';
    result += text.substr(begin, end - begin);
    begin = text.find_first_not_of(kSpace, end);
  }
  return result;
}

}  // namespace slm::cache
