#include "models/learning/learner.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "models/model.h"
#include "models/ngram/feature_hash.h"
#include "models/ngram/model.h"

namespace slm::learning {
namespace {

/// Held-out lessons of late: what is compared on older ones may no longer matter.
constexpr std::size_t kCompared = 1000;

void check(const LearnOptions& options) {
  const auto require = [](bool is_met, const char* what) {
    if (!is_met) throw ModelError(what);
  };
  require(options.labels.size() >= 2, "learning needs at least two labels");
  require(options.hold_out >= 0 && options.hold_out <= 0.9, "hold_out must lie between 0 and 0.9");
  require(options.keep >= 2, "at least two snapshots must be kept, one to go back to");
  require(options.least_lessons >= 1 && options.least_lessons <= options.most_lessons,
          "least_lessons must lie between 1 and most_lessons");
}

/// With the labels that are learnt, in ascending order.
LearnOptions completed(LearnOptions options) {
  if (options.labels.empty() && !options.file.empty()) options.labels = *ngram::Model(options.file).labels();
  std::sort(options.labels.begin(), options.labels.end());
  options.labels.erase(std::unique(options.labels.begin(), options.labels.end()), options.labels.end());
  check(options);
  return options;
}

/// The same lesson is held out or not, whenever it is asked.
bool is_chosen(std::uint64_t seed, std::size_t lesson, double share) {
  const std::uint64_t hash = ngram::mix(seed + ngram::mix(lesson));
  return static_cast<double>(hash >> 11) * 0x1p-53 < share;
}

}  // namespace

Learner::Learner(LearnOptions options)
    : options_{completed(std::move(options))},
      served_{
          std::make_shared<ServedModel>(std::make_shared<const std::vector<std::string>>(options_.labels))},
      folder_{options_.folder},
      log_{folder_.lessons(), options_.most_lessons},
      snapshots_{options_.folder, options_.name, options_.keep},
      state_{read_state(folder_.state())} {
  begin();
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

Learner::~Learner() {
  thread_.request_stop();
  thread_.join();
}

LearnerState Learner::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

void Learner::learn(Lesson lesson) {
  std::unique_lock lock(mutex_);
  if (arrived_.size() >= options_.most_lessons) {
    ++state_.dropped;
    return;
  }
  arrived_.push_back(std::move(lesson));
  const std::size_t number = ++brought_;
  changed_.notify_all();
  if (options_.wait) changed_.wait(lock, [&] { return done_ >= number; });
}

void Learner::finish() const {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return done_ == brought_; });
}

void Learner::add(Observer& observer) {
  const std::lock_guard lock(observers_mutex_);
  observers_.push_back(&observer);
  observer.changing();
  if (served_->has_evidence()) observer.changed(answers_, state().looks);
}

void Learner::remove(Observer& observer) {
  const std::lock_guard lock(observers_mutex_);
  std::erase(observers_, &observer);
}

std::shared_ptr<const Classifier> Learner::load(const std::filesystem::path& file) const {
  return with_labels(std::make_shared<const ngram::Model>(file), served_->labels());
}

/// Goes on from the newest snapshot that is whole.
void Learner::begin() {
  const std::vector<std::uint64_t> numbers = snapshots_.numbers();
  if (!numbers.empty()) state_.trainings = std::max<std::size_t>(state_.trainings, numbers.back());
  state_.lessons = std::max(state_.lessons, log_.lessons().size());
  state_.trained_at = std::min(state_.trained_at, state_.lessons);
  // Another look at each start, since lessons that came after the last one are looked at too.
  ++state_.looks;
  for (auto number = numbers.rbegin(); number != numbers.rend(); ++number) {
    try {
      return serve(load(snapshots_.file(*number)), *number);
    } catch (const ModelError& error) {
      state_.last_error = error.what();
    }
  }
  if (!options_.file.empty()) serve(load(options_.file), 0);
}

void Learner::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (changed_.wait(lock, stop, [&] { return !arrived_.empty(); })) {
    Lesson lesson = std::move(arrived_.front());
    arrived_.pop_front();
    lock.unlock();
    take(std::move(lesson));
    // A restart can have more to learn from than one lesson after another.
    if (is_due()) train(stop);
    lock.lock();
    ++done_;
    changed_.notify_all();
  }
  while (!arrived_.empty()) {
    log_.add(std::move(arrived_.front()));
    arrived_.pop_front();
    ++done_;
  }
  changed_.notify_all();
  lock.unlock();
  attempt([&] { write_state(folder_.state(), state()); });
}

template <class Change>
void Learner::update(const Change& change) {
  const std::lock_guard lock(mutex_);
  change(state_);
}

/// What goes wrong on the disk or with a training is the learner's to tell, and no reason to stop.
template <class Step>
void Learner::attempt(const Step& step) {
  try {
    step();
  } catch (const std::exception& error) {
    update([&](LearnerState& state) { state.last_error = error.what(); });
  }
}

void Learner::take(Lesson lesson) {
  if (!std::binary_search(options_.labels.begin(), options_.labels.end(), lesson.label))
    return update([](LearnerState& state) { ++state.other_labels; });
  update([](LearnerState& state) { ++state.lessons; });
  lesson.is_held_out = is_chosen(options_.seed, state().lessons, options_.hold_out);
  compare(lesson);
  if (!log_.add(std::move(lesson)))
    update([](LearnerState& state) { state.last_error = "a lesson could not be written to the disk"; });
}

void Learner::compare(const Lesson& lesson) {
  if (!before_) return;
  const auto agrees = [&](const Classifier& model) {
    return (*served_->labels())[label_of(model, lesson.text)] == lesson.label;
  };
  contest_.add(agrees(*served_->model()), agrees(*before_), lesson);
  if (contest_.is_lost()) roll_back();
}

void Learner::roll_back() {
  const std::uint64_t lost = state().serving;
  update([](LearnerState& state) { ++state.looks; });
  serve(std::exchange(before_, nullptr), before_number_);
  attempt([&] {
    snapshots_.remove(lost);
    update([](LearnerState& state) { ++state.rolled_back; });
    write_state(folder_.state(), state());
  });
}

bool Learner::is_due() const {
  const LearnerState now = state();
  const auto kept = static_cast<double>(std::min(now.trained_at, options_.most_lessons));
  const auto enough = static_cast<std::size_t>(options_.growth * kept);
  return now.lessons - now.trained_at >= std::max(options_.least_lessons, enough);
}

void Learner::train(const std::stop_token& stop) {
  update([](LearnerState& state) { state.trained_at = state.lessons; });
  std::vector<ngram::Example> examples;
  for (const Lesson& lesson : log_.lessons())
    if (!lesson.is_held_out) examples.push_back({lesson.text, lesson.label});
  const auto is_other = [&](const ngram::Example& example) { return example.label != examples[0].label; };
  if (std::none_of(examples.begin(), examples.end(), is_other)) return;
  attempt([&] {
    const ngram::TrainReport report =
        ngram::train(examples, {}, options_.training, snapshots_.candidate(),
                     {.on_epoch = {}, .is_cancelled = [&] { return stop.stop_requested(); }});
    if (!report.is_cancelled) judge_candidate();
  });
}

void Learner::judge_candidate() {
  std::shared_ptr<const Classifier> candidate = load(snapshots_.candidate());
  update([](LearnerState& state) {
    ++state.trainings;
    ++state.looks;
    state.last_error.clear();
  });
  std::vector<const Lesson*> compared = held_out();
  if (compared.size() > kCompared) compared.erase(compared.begin(), compared.end() - kCompared);
  const std::shared_ptr<const Classifier> served = served_->model();
  if (served && is_worse(*candidate, *served, compared)) {
    update([](LearnerState& state) { ++state.refused; });
    std::filesystem::remove(snapshots_.candidate());
  } else {
    const std::uint64_t number = state().trainings;
    snapshots_.keep_candidate(number);
    before_ = served;
    before_number_ = state().serving;
    contest_ = {};
    serve(std::move(candidate), number);
  }
  write_state(folder_.state(), state());
}

void Learner::serve(std::shared_ptr<const Classifier> model, std::uint64_t number) {
  const std::lock_guard lock(observers_mutex_);
  for (Observer* observer : observers_) observer->changing();
  served_->serve(std::move(model));
  update([&](LearnerState& state) { state.serving = number; });
  answers_ = held_out_answers();
  for (Observer* observer : observers_) observer->changed(answers_, state().looks);
}

std::vector<const Lesson*> Learner::held_out() const {
  std::vector<const Lesson*> chosen;
  for (const Lesson& lesson : log_.lessons())
    if (lesson.is_held_out) chosen.push_back(&lesson);
  return chosen;
}

std::vector<HeldOutAnswer> Learner::held_out_answers() const {
  std::vector<HeldOutAnswer> answers;
  for (const Lesson* lesson : held_out()) {
    HeldOutAnswer answer{{served_->labels(), std::vector<float>(options_.labels.size())}};
    served_->model()->classify(lesson->text, answer.evidence.probabilities);
    const auto& probabilities = answer.evidence.probabilities;
    const auto best = std::max_element(probabilities.begin(), probabilities.end()) - probabilities.begin();
    answer.agrees = options_.labels[static_cast<std::size_t>(best)] == lesson->label;
    answer.weight = lesson->weight;
    answer.greatest_weight = lesson->greatest_weight;
    answers.push_back(std::move(answer));
  }
  return answers;
}

}  // namespace slm::learning
