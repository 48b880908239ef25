#pragma once

#include <cstddef>

#include "graph/registry.h"

namespace slm {

struct RestoreOptions {
  Port to;
  static Fields<RestoreOptions> fields();
};

/// `restore`: puts the values that `redact` nodes have taken out back into answer and request.
class RestoreNode : public Node {
 public:
  using Options = RestoreOptions;

  RestoreNode(RestoreOptions options, const NodeContext& context);
  Exit process(Message& message) override;

  static void check(const RestoreOptions& options, CheckContext& context);

 private:
  RestoreOptions options_;
};

/// Puts back what was taken out of the message on this process; does nothing where nothing was.
void put_values_back(Message& message);

/// Whether a message can still come to a `restore` behind node `node`.
bool is_restored_after(const PipelineSpec& spec, std::size_t node);

/// Reports at a `redact` the `restore` that comes after it, and cannot put its values back.
void check_restored(CheckContext& context);

}  // namespace slm
