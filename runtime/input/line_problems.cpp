#include "runtime/input/line_problems.h"

#include "runtime/report/numbers.h"

namespace slm::runtime {
namespace {

constexpr std::size_t kMostTold = 20;

}  // namespace

void LineProblems::add(const std::filesystem::path& file, std::uint64_t line, const std::string& problem) {
  if (++count_ > kMostTold) return;
  if (!text_.empty()) text_ += '\n';
  text_.append(file.string()).append(":").append(std::to_string(line)).append(": error: ").append(problem);
}

void LineProblems::check() const {
  if (count_ == 0) return;
  throw DataError(count_ > kMostTold ? text_ + "\nand " + grouped(count_ - kMostTold) + " more" : text_);
}

}  // namespace slm::runtime
