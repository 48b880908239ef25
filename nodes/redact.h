#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "graph/registry.h"
#include "nodes/redaction/pattern.h"
#include "nodes/redaction/redaction.h"

namespace slm {

struct RedactOptions {
  std::vector<redaction::ValueKind> kinds;
  std::vector<std::pair<std::string, redaction::Pattern>> patterns;
  std::optional<std::vector<std::string>> fields_named;  ///< empty: all of them
  Port to;
  static Fields<RedactOptions> fields();
};

/// `redact`: takes values out of a message before it goes on. Placeholders stand in the texts then, and the
/// values are kept in the message, on this process.
class RedactNode : public Node {
 public:
  using Options = RedactOptions;

  RedactNode(RedactOptions options, const NodeContext& context);
  Exit process(Message& message) override;

  static void check(const RedactOptions& options, CheckContext& context);

 private:
  bool is_meant(const std::string& field) const;

  RedactOptions options_;
  std::vector<redaction::Matcher> matchers_;
};

}  // namespace slm
