#pragma once

#include <gtest/gtest.h>

#include <future>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "nodes/link/spool.h"
#include "tests/runtime/temporary_folder.h"

namespace slm::link {

inline constexpr std::chrono::seconds kLimit{60};

/// Clocks that a test sets.
class ManualTime {
 public:
  void pass(std::chrono::milliseconds time) {
    const std::lock_guard lock{mutex_};
    now_.wall += time;
    now_.steady += time;
  }
  void set_wall(std::chrono::milliseconds by) {
    const std::lock_guard lock{mutex_};
    now_.wall += by;
  }
  SpoolTime now() const {
    const std::lock_guard lock{mutex_};
    return now_;
  }

 private:
  mutable std::mutex mutex_;
  SpoolTime now_{std::chrono::system_clock::now(), std::chrono::steady_clock::now()};
};

/// A folder with a spool file, and what the spool reported.
class SpoolTest : public ::testing::Test {
 protected:
  SpoolOptions options() {
    SpoolOptions options{.file = folder_ / "spool.db", .pipeline = "assistant", .pipeline_hash = 7};
    options.on_dropped = [this](const SpoolId& id, SpoolDrop reason) {
      const std::lock_guard lock{mutex_};
      dropped_.emplace_back(id, reason);
    };
    options.on_repaired = [this](const SpoolRepair& repair) {
      const std::lock_guard lock{mutex_};
      repairs_.push_back(repair);
    };
    return options;
  }

  std::filesystem::path file() const { return folder_ / "spool.db"; }

  std::vector<std::pair<SpoolId, SpoolDrop>> dropped() {
    const std::lock_guard lock{mutex_};
    return dropped_;
  }
  std::vector<SpoolRepair> repairs() {
    const std::lock_guard lock{mutex_};
    return repairs_;
  }
  void forget_repairs() {
    const std::lock_guard lock{mutex_};
    repairs_.clear();
  }

  slm::testing::TemporaryFolder folder_;

 private:
  std::mutex mutex_;
  std::vector<std::pair<SpoolId, SpoolDrop>> dropped_;
  std::vector<SpoolRepair> repairs_;
};

struct Appended {
  SpoolId id;
  std::future<std::optional<std::string>> durable;

  /// What `durable` was told; empty for nothing wrong.
  std::string problem() {
    if (durable.wait_for(kLimit) != std::future_status::ready) return "no answer";
    return durable.get().value_or("");
  }
};

inline Appended append(Spool& spool, const std::string& payload, std::optional<SpoolId> replaced = {}) {
  auto promise = std::make_shared<std::promise<std::optional<std::string>>>();
  Appended appended{spool.take_id(), promise->get_future()};
  spool.append(
      {.id = appended.id, .destination = "cloud", .header = "header of " + payload, .payload = payload},
      [promise](std::optional<std::string> problem) { promise->set_value(std::move(problem)); }, replaced);
  return appended;
}

/// Appends and waits until it is durable, and all that was asked for before.
inline SpoolId store(Spool& spool, const std::string& payload) {
  auto appended = append(spool, payload);
  EXPECT_EQ(appended.problem(), "");
  return appended.id;
}

inline std::vector<SpoolEntry> everything(Spool& spool, std::size_t page_bytes = 64 << 10) {
  std::vector<SpoolEntry> all;
  SpoolId last;
  while (true) {
    auto page = spool.read(last, page_bytes);
    EXPECT_EQ(page.problem.value_or(""), "");
    if (page.entries.empty()) return all;
    last = page.entries.back().id;
    std::ranges::move(page.entries, std::back_inserter(all));
  }
}

inline std::vector<std::string> payloads(Spool& spool) {
  std::vector<std::string> payloads;
  for (auto& entry : everything(spool)) payloads.push_back(std::move(entry.payload));
  return payloads;
}

}  // namespace slm::link
