#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "models/ngram/model.h"
#include "models/ngram/trainer.h"
#include "tests/models/ngram/sample_data.h"

namespace {
std::atomic<std::size_t> allocations{0};
}

// Not inlined, or GCC sees malloc and delete side by side and takes them for a mistake.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* const memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace slm::ngram {
namespace {

TEST(NgramClassification, AllocatesNothing) {
  const TemporaryFolder folder;
  train(sample_examples(200), {}, {}, folder.file("m.slm"));
  const Model model(folder.file("m.slm"));
  std::vector<float> probabilities(model.labels()->size());
  const std::string texts[] = {"", "play some jazz", "completely unknown wordz", std::string(100'000, 'x'),
                               std::string(100'000, ' ') + "\xff"};
  const std::size_t before = allocations;
  ASSERT_GT(before, 0U) << "allocations are not counted";
  for (const std::string& text : texts) model.classify(text, probabilities);
  EXPECT_EQ(allocations - before, 0U);
}

}  // namespace
}  // namespace slm::ngram
