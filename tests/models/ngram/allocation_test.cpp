#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <functional>
#include <new>

#include "models/ngram/model.h"
#include "models/ngram/trainer.h"
#include "tests/models/ngram/sample_data.h"

// Sanitizers bring an allocator of their own, which must not be replaced.
#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define SLM_COUNTS_ALLOCATIONS 1
#else
#define SLM_COUNTS_ALLOCATIONS 0
#endif

namespace {
std::atomic<std::size_t> allocations{0};
}

#if SLM_COUNTS_ALLOCATIONS
// Every way to memory, operator new of any alignment among them, leads to one of these.
extern "C" {
// NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): glibc's own names
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* memory, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);
// NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)

void* malloc(std::size_t size) {
  ++allocations;
  return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) {
  ++allocations;
  return __libc_calloc(count, size);
}
void* realloc(void* memory, std::size_t size) {
  ++allocations;
  return __libc_realloc(memory, size);
}
void* memalign(std::size_t alignment, std::size_t size) {
  ++allocations;
  return __libc_memalign(alignment, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
  ++allocations;
  return __libc_memalign(alignment, size);
}
int posix_memalign(void** memory, std::size_t alignment, std::size_t size) {
  ++allocations;
  *memory = __libc_memalign(alignment, size);
  return *memory == nullptr ? ENOMEM : 0;
}
}
#endif

namespace slm::ngram {
namespace {

std::size_t allocations_of(const std::function<void*()>& allocate) {
  const std::size_t before = allocations;
  void* const memory = allocate();
  asm volatile("" : : "r"(memory) : "memory");  // or the compiler sees that it is not needed
  return allocations - before;
}

class NgramClassification : public testing::Test {
 protected:
  void SetUp() override {
    if (!SLM_COUNTS_ALLOCATIONS) GTEST_SKIP() << "sanitizers bring an allocator of their own";
  }
};

TEST_F(NgramClassification, CountsEveryWayToMemory) {
  constexpr std::align_val_t kAligned{64};
  void* memory = nullptr;
  EXPECT_EQ(allocations_of([&] { return memory = ::operator new(8); }), 1U);
  ::operator delete(memory);
  EXPECT_EQ(allocations_of([&] { return memory = ::operator new(64, kAligned); }), 1U);
  ::operator delete(memory, kAligned);
  EXPECT_EQ(allocations_of([&] { return memory = std::malloc(8); }), 1U);
  EXPECT_EQ(allocations_of([&] { return memory = std::realloc(memory, 8000); }), 1U);
  std::free(memory);
  EXPECT_EQ(allocations_of([&] { return memory = std::calloc(8, 8); }), 1U);
  std::free(memory);
  EXPECT_EQ(allocations_of([&] { return memory = std::aligned_alloc(64, 64); }), 1U);
  std::free(memory);
}

TEST_F(NgramClassification, AllocatesNothing) {
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
