#pragma once

#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "runtime/checkpoint/checkpoint.h"
#include "runtime/checkpoint/places.h"

namespace slm::runtime {

/// An output whose every writing a checkpoint knows of. What the checkpoint cannot note is not written.
///
/// Writing as for OutcomeSink; `begin` and what is about earlier runs is for the thread that reads.
class CheckpointedSink : public OutcomeSink {
 public:
  /// What else a step knows of; called on the writing thread.
  struct Beside {
    std::function<std::uint64_t()> failed_end;
    std::function<bool()> sync_failed;
    std::function<std::string()> summary;
  };

  /// Cuts the output to where the run left off. Throws CheckpointError and OutputError.
  CheckpointedSink(std::unique_ptr<OutcomeSink> output, std::unique_ptr<Checkpoint> checkpoint,
                   Beside beside);

  /// Where the run left off; empty: at its beginning.
  const std::optional<Step>& resumed() const { return resumed_; }
  /// Names an item to whoever carries it off and may bring it back in another process's life.
  std::string tag_of(std::uint64_t number, const std::string& id_json) const;
  /// A tag of this run; empty where it is another's.
  struct Tag {
    std::uint64_t number = 0;
    std::string id_json;
  };
  std::optional<Tag> read_tag(const std::string& tag) const;
  /// An item that an earlier run had sent off is worked on: false where it was done.
  bool take(std::uint64_t number);
  /// An item of input is being taken up: false where it is done or worked on. In the order of their numbers.
  bool begin(const InputPosition& item);

  OutputMark stage(std::span<const ResultPtr> results) override;
  std::size_t write() override;
  const std::string& error() const override { return error_.empty() ? output_->error() : error_; }
  bool sync() override { return output_->sync(); }
  bool holds(std::uint64_t begin, const OutputMark& mark) override { return output_->holds(begin, mark); }
  void cut(std::uint64_t end) override { output_->cut(end); }
  /// When nothing is written any more: notes how far it came.
  void finish();

 private:
  /// What has been written by now, while it is being synced on a thread of its own.
  struct Syncing {
    Step step;
    std::uint64_t through = 0;
    std::future<bool> is_synced;
  };

  void begin_settling();
  void end_settling();
  bool is_done(std::uint64_t number) const;

  const std::unique_ptr<OutcomeSink> output_;
  const std::unique_ptr<Checkpoint> checkpoint_;
  const Beside beside_;
  const std::optional<Step> resumed_;
  std::set<std::uint64_t> taken_;  // sent off by earlier runs, and not read yet
  Places places_;
  Step step_;
  std::optional<Syncing> syncing_;
  std::string error_;
};

}  // namespace slm::runtime
