#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "models/learning/contest.h"
#include "models/learning/learner_folder.h"
#include "models/learning/learner_state.h"
#include "models/learning/lesson.h"
#include "models/learning/lesson_log.h"
#include "models/learning/observer.h"
#include "models/learning/options.h"
#include "models/learning/served_model.h"
#include "models/learning/snapshots.h"

namespace slm::learning {

/// A classifier that learns from what the tier above it answers, as in Nie et al. 2024 (arXiv 2402.04513).
///
/// On a thread of its own, a model is trained anew from the newest lessons whenever they have grown by a
/// share: so the cost of learning is linear in the lessons, and what is served is always a complete model
/// file. One that is worse on held-out lessons is not served, and one that is worse on the lessons that
/// follow is taken back for the one before. A restart goes on from the newest snapshot.
///
/// Any thread may call any function.
class Learner {
 public:
  /// Throws `ModelError`: options that contradict each other, a folder that cannot be written to or belongs
  /// to another learner, a file that is no model or has other labels.
  explicit Learner(LearnOptions options);
  Learner(const Learner&) = delete;
  Learner& operator=(const Learner&) = delete;
  /// A training under way is given up; lessons that were brought are kept.
  ~Learner();

  const std::shared_ptr<ServedModel>& classifier() const { return served_; }
  LearnerState state() const;

  /// Returns at once, except where `wait` is set and a training is due.
  void learn(Lesson lesson);
  /// Waits until all lessons that were brought are taken in and no training goes on.
  void finish() const;

  /// Tells the observer of the model in use now, and of every other on the learner's thread.
  void add(Observer& observer);
  /// Returns when the observer is not being told anything, and never will be.
  void remove(Observer& observer);

 private:
  void begin();
  void run(const std::stop_token& stop);
  void take(Lesson lesson);
  void compare(const Lesson& lesson);
  bool is_due() const;
  void train(const std::stop_token& stop);
  void judge_candidate();
  void roll_back();
  void serve(std::shared_ptr<const Classifier> model, std::uint64_t number);
  std::shared_ptr<const Classifier> load(const std::filesystem::path& file) const;
  std::vector<const Lesson*> held_out() const;
  std::vector<HeldOutAnswer> held_out_answers() const;
  template <class Step>
  void attempt(const Step& step);
  template <class Change>
  void update(const Change& change);

  LearnOptions options_;
  std::shared_ptr<ServedModel> served_;

  // Of the learner's thread, once it runs.
  LearnerFolder folder_;
  LessonLog log_;
  Snapshots snapshots_;
  std::shared_ptr<const Classifier> before_;  ///< what the model in use took the place of; null: nothing
  std::uint64_t before_number_ = 0;
  Contest contest_;

  std::mutex observers_mutex_;  // held while they are told, and so while the model changes
  std::vector<Observer*> observers_;
  std::vector<HeldOutAnswer> answers_;  // of the model in use

  mutable std::mutex mutex_;
  mutable std::condition_variable_any changed_;
  // Guarded by mutex_.
  std::deque<Lesson> arrived_;
  std::size_t brought_ = 0;
  std::size_t done_ = 0;
  LearnerState state_;

  std::jthread thread_;  // last, since it uses all of the above
};

}  // namespace slm::learning
