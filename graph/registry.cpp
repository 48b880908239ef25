#include "graph/registry.h"

#include <stdexcept>

namespace slm {
namespace {

template <class Type>
void add_to(std::map<std::string, Type, std::less<>>& types, Type type) {
  const std::string name = type.name;
  if (!types.emplace(name, std::move(type)).second)
    throw std::logic_error("`" + name + "` is registered already");
}

template <class Type>
const Type* find_in(const std::map<std::string, Type, std::less<>>& types, std::string_view name) {
  const auto found = types.find(name);
  return found == types.end() ? nullptr : &found->second;
}

}  // namespace

Registry& Registry::instance() {
  static Registry registry;
  return registry;
}

void Registry::add(NodeType type) {
  add_to(nodes_, std::move(type));
}
void Registry::add(ModelType type) {
  add_to(models_, std::move(type));
}
const NodeType* Registry::node(std::string_view name) const {
  return find_in(nodes_, name);
}
const ModelType* Registry::model(std::string_view name) const {
  return find_in(models_, name);
}

}  // namespace slm
