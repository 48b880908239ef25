#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "graph/registry.h"

namespace slm {

/// What a route looks at: the message's label, or a field of the request.
struct RouteKey {
  std::string field;  ///< empty: the label
  static constexpr std::string_view kExpected = "`label` or `fields.NAME`";
  static RouteKey parse(std::string_view text);
};

struct RouteOptions {
  RouteKey by;
  std::vector<std::pair<std::string, Port>> cases;
  Port otherwise{.when_open = OutcomeKind::abstained};
  static Fields<RouteOptions> fields();
};

/// `route`: sends a message by its label or by a field of its request.
class RouteNode : public Node {
 public:
  using Options = RouteOptions;

  RouteNode(RouteOptions options, const NodeContext& context);
  Exit process(Message& message) override;

  static void check(const RouteOptions& options, CheckContext& context);

 private:
  const std::string* value_of(const Message& message) const;

  RouteOptions options_;
};

}  // namespace slm
