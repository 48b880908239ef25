#include "nodes/variants/options.h"

#include <array>
#include <cstdio>

#include "models/model_store.h"

namespace slm::variants {

Fields<Conditions> Conditions::fields() {
  return Fields<Conditions>{}
      .optional("battery_below", &Conditions::battery_below,
                "percent; holds while the machine's battery has less", {0, 100})
      .optional("on_mains", &Conditions::on_mains,
                "true: while the machine has power from a line; false: while it has not")
      .optional("memory_below", &Conditions::memory_below, "while less memory is available")
      .optional("queue_above", &Conditions::queue_above,
                "while the model has more requests that it has not answered", {0, 1 << 20});
}

Fields<VariantOptions> VariantOptions::fields() {
  return Fields<VariantOptions>{}
      .required("file", &VariantOptions::file, "model file of the same backend")
      .required("when", &VariantOptions::when,
                "conditions that all have to hold; of several variants the first is taken");
}

std::string problem_of(const VariantOptions& variant) {
  const Conditions& when = variant.when;
  if (!when.battery_below && !when.on_mains && !when.memory_below && !when.queue_above)
    return "`when` of variant " + variant.file.path.filename().string() +
           " names no condition; expected `battery_below`, `on_mains`, `memory_below` or `queue_above`";
  try {
    check_is_gguf(variant.file.path);
    return {};
  } catch (const ModelError& error) {
    return error.what();
  }
}

std::string to_text(const Conditions& conditions) {
  std::string text;
  const auto add = [&](const std::string& condition) { text += (text.empty() ? "" : " and ") + condition; };
  if (const auto& percent = conditions.battery_below) {
    std::array<char, 32> number{};
    std::snprintf(number.data(), number.size(), "%g", *percent);
    add("the battery is below " + std::string{number.data()} + " %");
  }
  if (const auto& on_mains = conditions.on_mains)
    add(*on_mains ? "the machine is on mains" : "the machine is on battery");
  if (const auto& memory = conditions.memory_below)
    add("less than " + std::to_string(memory->bytes >> 20U) + " MiB of memory are available");
  if (const auto& queue = conditions.queue_above)
    add("more than " + std::to_string(*queue) + " requests are not answered yet");
  return text;
}

}  // namespace slm::variants
