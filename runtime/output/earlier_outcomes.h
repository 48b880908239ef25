#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace slm::runtime {

/// The outcomes that an interrupted run has written, by which the next one knows what is left to do. Some 50
/// bytes of memory each. For one thread.
class EarlierOutcomes {
 public:
  EarlierOutcomes() = default;
  /// Reads them, with why they failed or expired where that is to be kept, and cuts off a last line that was
  /// not written whole. A file that is not there has none. Throws OutputError where a line is no outcome, or
  /// the file cannot be used.
  EarlierOutcomes(const std::filesystem::path& file, bool keeps_failures);

  std::uint64_t count() const { return count_; }
  bool contains(std::string_view id_json) const { return left_.contains(hash_of(id_json)); }
  /// Whether one with this id is left, which then is no longer: ids may repeat.
  bool take(std::string_view id_json);
  /// Why one with this id has failed or expired, each told once.
  std::optional<std::string> take_failure(std::string_view id_json);
  /// One more, which is being worked on.
  void add(std::string_view id_json) { ++left_[hash_of(id_json)]; }

 private:
  /// 64 bits: two of ten million ids have the same one with a probability of 3 in a million.
  static std::uint64_t hash_of(std::string_view id_json);

  std::unordered_map<std::uint64_t, std::uint64_t> left_;
  std::unordered_multimap<std::uint64_t, std::string> failures_;
  std::uint64_t count_ = 0;
};

}  // namespace slm::runtime
