#include "models/learning/snapshots.h"

#include <algorithm>
#include <charconv>
#include <system_error>

namespace slm::learning {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kDigits = 6;
constexpr std::string_view kSuffix = ".slm";

/// 0 where it is no snapshot: they are numbered from 1.
std::uint64_t number_of(std::string_view file, std::string_view name) {
  if (!file.starts_with(name) || !file.ends_with(kSuffix)) return 0;
  if (file.size() < name.size() + 1 + kDigits + kSuffix.size() || file[name.size()] != '.') return 0;
  const std::string_view digits =
      file.substr(name.size() + 1, file.size() - name.size() - 1 - kSuffix.size());
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return error == std::errc{} && end == digits.data() + digits.size() ? number : 0;
}

}  // namespace

fs::path Snapshots::file(std::uint64_t number) const {
  std::string digits = std::to_string(number);
  digits.insert(0, kDigits - std::min(kDigits, digits.size()), '0');
  return folder_ / (name_ + '.' + digits + std::string{kSuffix});
}

void Snapshots::keep_candidate(std::uint64_t number) {
  fs::rename(candidate(), file(number));
  const std::vector<std::uint64_t> all = numbers();
  for (std::size_t i = 0; i + keep_ < all.size(); ++i) remove(all[i]);
}

void Snapshots::remove(std::uint64_t number) {
  fs::remove(file(number));
}

std::vector<std::uint64_t> Snapshots::numbers() const {
  std::vector<std::uint64_t> numbers;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder_))
    if (const std::uint64_t number = number_of(entry.path().filename().string(), name_); number > 0)
      numbers.push_back(number);
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

}  // namespace slm::learning
