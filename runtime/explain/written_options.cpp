#include "runtime/explain/written_options.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace slm::runtime {
namespace {

constexpr std::size_t kMaxBytes = 100;

std::string on_one_line(const YAML::Node& value) {
  YAML::Emitter out;
  out << YAML::Flow << value;
  std::string text = out.c_str();
  std::ranges::replace(text, '\n', ' ');
  if (text.size() <= kMaxBytes) return text;
  auto end = kMaxBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U)
    --end;  // not within a character
  return text.substr(0, end) + "…";
}

std::string options_of(const YAML::Node& node) {
  constexpr std::array<std::string_view, 4> kShownElsewhere = {"type", "model", "on", "to"};
  std::string text;
  for (const auto& entry : node) {
    const auto key = entry.first.as<std::string>();
    if (std::ranges::count(kShownElsewhere, key) > 0) continue;
    text.append(text.empty() ? "" : ", ").append(key).append(": ").append(on_one_line(entry.second));
  }
  return text;
}

}  // namespace

WrittenOptions::WrittenOptions(const std::filesystem::path& pipeline) {
  try {
    for (const auto& node : YAML::LoadFile(pipeline.string())["nodes"])
      of_nodes_[node.first.as<std::string>()] = options_of(node.second);
  } catch (const YAML::Exception&) {
    // Checked a moment ago, so somebody is writing the file just now; the plan is right without this column.
    of_nodes_.clear();
  }
}

std::string WrittenOptions::of_node(const std::string& name) const {
  const auto found = of_nodes_.find(name);
  return found == of_nodes_.end() ? "" : found->second;
}

}  // namespace slm::runtime
