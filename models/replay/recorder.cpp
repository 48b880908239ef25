#include "models/replay/recorder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "models/replay/named_format.h"
#include "models/replay/recording.h"

namespace slm::replay {
namespace {

using Clock = std::chrono::steady_clock;
using WillAskAgain = decltype(Patience::will_ask_again);

std::string system_reason() {
  return std::generic_category().message(errno);
}

std::uint64_t slot_of(const std::string& model, std::uint64_t key) {
  constexpr std::uint64_t kOdd = 0x9E3779B97F4A7C15U;
  return hash_of(model) * kOdd ^ key;
}

/// What all decorators of one model share.
struct Channel {
  std::shared_ptr<Recorder> recorder;
  RecordedSource source;

  template <class Result>
  void record(const Asked& asked, const Result& answer, Clock::time_point begin, int generated_tokens) const {
    // Nobody has asked the model this.
    if (answer.recorded.nearest > 0) return;
    Record record{.key = key_of(asked, source.identity),
                  .model = source.name,
                  .identity = source.identity,
                  .asked = asked,
                  .answer = answer,
                  .recorded = answer.recorded};
    if (!record.recorded.duration) record.recorded.duration = Clock::now() - begin;
    if (source.cost)
      record.recorded.cost = source.cost(answer.prompt_tokens, generated_tokens, *record.recorded.duration);
    recorder->add(std::move(record));
  }

  void record(const Asked& asked, const ModelFailure& failure, const WillAskAgain& will_ask_again,
              Clock::time_point begin) const {
    if (failure.kind != ModelFailure::Kind::failed || (will_ask_again && will_ask_again(failure))) return;
    recorder->add({.key = key_of(asked, source.identity),
                   .model = source.name,
                   .identity = source.identity,
                   .asked = asked,
                   .answer = failure,
                   .recorded = {.duration = Clock::now() - begin, .cost = {}}});
  }
};

class RecordedClassifier : public Classifier {
 public:
  RecordedClassifier(std::shared_ptr<Classifier> inner, Channel channel)
      : inner_{std::move(inner)}, channel_{std::move(channel)} {}

  const std::shared_ptr<const std::vector<std::string>>& labels() const override { return inner_->labels(); }
  bool has_evidence() const override { return inner_->has_evidence(); }

  void classify(std::string_view text, std::span<float> probabilities) const override {
    const auto begin = Clock::now();
    inner_->classify(text, probabilities);
    ChoiceScores scores;
    scores.recorded.duration = Clock::now() - begin;
    scores.evidence.labels.probabilities.assign(probabilities.begin(), probabilities.end());
    const Asked asked = asked_of(ChoiceRequest{.prompt = std::string{text}});
    channel_.record(asked, scores, begin, 0);
  }

 private:
  std::shared_ptr<Classifier> inner_;
  Channel channel_;
};

class RecordedGenerator : public Generator {
 public:
  RecordedGenerator(std::shared_ptr<Generator> inner, Channel channel)
      : inner_{std::move(inner)}, channel_{std::move(channel)} {}

  std::shared_ptr<const Constraint> compile(const ConstraintSource& source) const override {
    auto constraint = std::make_shared<const NamedFormat>(inner_->compile(source), format_name(source));
    channel_.recorder->add(RecordedFormat{constraint->name, source.text});
    return constraint;
  }

  void generate(GenerationRequest request, std::function<void(GenerationResult)> done) override {
    request.give_up_below = 0;  // who replays it may have other bars
    std::string format = take_format_name(request);
    Asked asked = asked_of(request, std::move(format));
    WillAskAgain will_ask_again = request.patience.will_ask_again;
    inner_->generate(std::move(request), [channel = channel_, asked = std::move(asked), begin = Clock::now(),
                                          will_ask_again = std::move(will_ask_again),
                                          done = std::move(done)](GenerationResult result) {
      if (const auto* failure = std::get_if<ModelFailure>(&result)) {
        channel.record(asked, *failure, will_ask_again, begin);
      } else {
        const auto& answer = std::get<Generation>(result);
        channel.record(asked, answer, begin, answer.generated_tokens);
      }
      done(std::move(result));
    });
  }

 private:
  std::shared_ptr<Generator> inner_;
  Channel channel_;
};

class RecordedScorer : public ChoiceScorer {
 public:
  RecordedScorer(std::shared_ptr<ChoiceScorer> inner, Channel channel)
      : inner_{std::move(inner)}, channel_{std::move(channel)} {}

  void score(ChoiceRequest request, std::function<void(ChoiceResult)> done) override {
    Asked asked = asked_of(request);
    WillAskAgain will_ask_again = request.patience.will_ask_again;
    inner_->score(std::move(request),
                  [channel = channel_, asked = std::move(asked), begin = Clock::now(),
                   will_ask_again = std::move(will_ask_again), done = std::move(done)](ChoiceResult result) {
                    if (const auto* failure = std::get_if<ModelFailure>(&result))
                      channel.record(asked, *failure, will_ask_again, begin);
                    else
                      channel.record(asked, std::get<ChoiceScores>(result), begin, 0);
                    done(std::move(result));
                  });
  }

 private:
  std::shared_ptr<ChoiceScorer> inner_;
  Channel channel_;
};

}  // namespace

std::shared_ptr<Recorder> Recorder::open(const std::filesystem::path& file) {
  return std::shared_ptr<Recorder>(new Recorder(file));
}

Recorder::Recorder(std::filesystem::path file) : file_{std::move(file)} {
  descriptor_ = ::open(file_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  const auto refuse = [&](const std::string& why) {
    if (descriptor_ >= 0) ::close(descriptor_);
    throw ModelError(file_.string() + ": cannot be recorded to: " + why);
  };
  if (descriptor_ < 0) refuse(system_reason());
  struct stat status {};
  if (::fstat(descriptor_, &status) != 0 || !S_ISREG(status.st_mode)) refuse("no regular file");
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) refuse("another process does so now");
  try {
    if (status.st_size > 0) {
      take_up();
    } else {
      write(to_text(Header{}));
    }
  } catch (const ModelError& error) {
    ::close(descriptor_);
    throw;
  }
}

Recorder::~Recorder() {
  ::close(descriptor_);
}

void Recorder::take_up() {
  const LineFile file{file_};
  Mistakes mistakes{file.name()};
  const RecordingContent content = read_recording(file, mistakes, [&](const Record& record, const ReadLine&) {
    has_answer_[slot_of(record.model, record.key)] |= !std::holds_alternative<ModelFailure>(record.answer);
  });
  if (!mistakes.empty()) throw ModelError(mistakes.take().front());
  for (const RecordedModel& model : content.models) models_.insert(model.name + '\n' + model.identity);
  formats_.insert(content.formats.begin(), content.formats.end());
  bytes_ = content.whole_bytes;
  if (::ftruncate(descriptor_, static_cast<off_t>(bytes_)) != 0)
    throw ModelError(file_.string() + ": cannot be recorded to: " + system_reason());
  char last = '\n';
  if (::pread(descriptor_, &last, 1, static_cast<off_t>(bytes_ - 1)) == 1 && last != '\n') write("\n");
}

bool Recorder::claim(const Record& record) {
  const bool is_answer = !std::holds_alternative<ModelFailure>(record.answer);
  const std::lock_guard lock{mutex_};
  if (!result_.error.empty()) return false;
  const auto [known, is_new] = has_answer_.try_emplace(slot_of(record.model, record.key), is_answer);
  if (is_new || (is_answer && !known->second)) {
    known->second = is_answer;
    return true;
  }
  ++result_.known;
  return false;
}

void Recorder::add(Record record) {
  if (!claim(record)) return;
  const std::string line = to_text(std::move(record));
  const std::lock_guard lock{mutex_};
  write(line);
  if (result_.error.empty()) ++result_.added;
}

void Recorder::add(const RecordedFormat& format) {
  const std::lock_guard lock{mutex_};
  if (formats_.insert(format.name).second) write(to_text(format));
}

void Recorder::add(const RecordedModel& model) {
  const std::lock_guard lock{mutex_};
  if (models_.insert(model.name + '\n' + model.identity).second) write(to_text(model));
}

void Recorder::write(const std::string& lines) {
  if (!result_.error.empty()) return;
  std::size_t written = 0;
  while (written < lines.size()) {
    const ssize_t size = ::write(descriptor_, lines.data() + written, lines.size() - written);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) {
      result_.error = system_reason();
      // Half a line would be taken for damage once others follow.
      if (::ftruncate(descriptor_, static_cast<off_t>(bytes_)) != 0)
        result_.error += "; its last line is cut off";
      return;
    }
    written += static_cast<std::size_t>(size);
  }
  bytes_ += lines.size();
}

Recorder::Result Recorder::result() const {
  const std::lock_guard lock{mutex_};
  return result_;
}

Model Recorder::recorded(Model model, RecordedSource source) {
  RecordedModel about{source.name, source.identity, {}};
  if (model.classifier)
    about.labels = *model.classifier->labels();
  else if (!model.info.labels.empty())
    about.labels = model.info.labels;
  add(about);
  const Channel channel{shared_from_this(), std::move(source)};
  if (model.classifier) model.classifier = std::make_shared<RecordedClassifier>(model.classifier, channel);
  if (model.generator) model.generator = std::make_shared<RecordedGenerator>(model.generator, channel);
  if (model.scorer) model.scorer = std::make_shared<RecordedScorer>(model.scorer, channel);
  return model;
}

}  // namespace slm::replay
