#pragma once

#include <memory>
#include <string>

#include "graph/registry.h"

namespace slm {

/// For nodes that need no model.
class NoModels : public NodeContext {
 public:
  const std::string& node_name() const override { return name_; }
  std::shared_ptr<Resource> model(const std::string&) const override { return nullptr; }

 private:
  std::string name_ = "node";
};

}  // namespace slm
