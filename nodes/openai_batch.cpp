#include "nodes/openai_batch.h"

#include <algorithm>

namespace slm {
Fields<BatchEntry> BatchEntry::fields() {
  using E = BatchEntry;
  return Fields<E>{}
      .required("journal", &E::folder,
                "folder that remembers what was sent, and holds the answers; of this model alone")
      .optional("max_items", &E::max_items, "requests of a batch; 10000 if left out", {1, 100'000})
      .optional("max_bytes", &E::most_bytes, "that a batch's file may have; 100MiB if left out")
      .optional("max_wait", &E::max_wait, "for which a batch waits for more requests; 30s if left out")
      .optional("poll", &E::poll, "between two looks at a batch; 30s if left out")
      .optional("window", &E::window, "within which the server is to answer; `24h` if left out")
      .optional("keep", &E::keep, "for which answers are kept for another run; 720h if left out");
}

BatchOptions BatchEntry::whole() const {
  BatchOptions whole = *this;
  whole.journal = folder.path;
  whole.max_bytes = most_bytes.bytes;
  return whole;
}

std::vector<std::string> problems_of(const BatchEntry& entry) {
  std::vector<std::string> problems;
  if (entry.poll.count() <= 0)
    problems.emplace_back("`poll` of `batch` leaves the server no time; expected more");
  if (entry.window.empty())
    problems.emplace_back("`window` of `batch` is empty; expected what the server takes, such as `24h`");
  return problems;
}

bool has_batches(const PipelineSpec& pipeline) {
  return std::ranges::any_of(pipeline.models, [](const ModelSpec& m) { return batch_of(m) != nullptr; });
}

void check_time_for_batches(const ModelRef& reference, CheckContext& context) {
  const ModelSpec* model = context.pipeline().model(reference.name);
  const BatchEntry* batch = model ? batch_of(*model) : nullptr;
  const auto timeout = context.pipeline().timeout;
  if (!batch || !timeout || *timeout > batch->max_wait + batch->poll) return;
  context.problem(reference.place,
                  "`timeout` of the pipeline ends before `max_wait` and `poll` of `batch`, "
                  "so no answer of model `" +
                      reference.name + "` would be in time; expected more, or none");
}

}  // namespace slm
