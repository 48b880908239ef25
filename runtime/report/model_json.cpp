#include "runtime/report/model_json.h"

namespace slm::runtime {
namespace {

using Json = nlohmann::ordered_json;

Json known(const std::string& text) {
  return text.empty() ? Json(nullptr) : Json(text);
}
Json known(std::uint64_t number) {
  return number == 0 ? Json(nullptr) : Json(number);
}

}  // namespace

Json model_json(const ModelInfo& info) {
  return {{"file", info.file.string()},
          {"format", info.format},
          {"name", known(info.name)},
          {"architecture", known(info.architecture)},
          {"quantisation", known(info.quantisation)},
          {"tokenizer", known(info.tokenizer)},
          {"parameters", known(info.parameters)},
          {"vocabulary", known(info.vocabulary)},
          {"context_tokens", known(info.context_tokens)},
          {"file_bytes", info.file_bytes},
          {"memory_bytes", info.memory_bytes},
          {"labels", info.labels},
          {"checksum", known(info.checksum)}};
}

}  // namespace slm::runtime
