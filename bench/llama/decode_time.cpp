// To be preloaded into a program that uses libllama: tells at its end how long llama_decode ran, and how long
// it was from the start of the first to the end of the last. For one thread that decodes.

#include <dlfcn.h>
#include <llama.h>

#include <chrono>
#include <cstdint>
#include <cstdio>

namespace {

using Clock = std::chrono::steady_clock;

struct Tally {
  ~Tally() {
    const auto seconds = [](Clock::duration time) { return std::chrono::duration<double>(time).count(); };
    std::fprintf(stderr, "llama_decode: %.6f s of %.6f s, %ld times, %ld tokens\n", seconds(inside),
                 seconds(last - first), count, tokens);
  }
  Clock::duration inside{};
  Clock::time_point first;
  Clock::time_point last;
  long count = 0;
  long tokens = 0;
};
Tally tally;

}  // namespace

extern "C" std::int32_t llama_decode(llama_context* context, llama_batch batch) {
  static const auto decode = reinterpret_cast<decltype(&llama_decode)>(dlsym(RTLD_NEXT, "llama_decode"));
  const auto begin = Clock::now();
  const auto status = decode(context, batch);
  tally.last = Clock::now();
  tally.tokens += batch.n_tokens;
  tally.inside += tally.last - begin;
  if (tally.count++ == 0) tally.first = begin;
  return status;
}
