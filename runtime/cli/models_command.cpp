#include "runtime/cli/models_command.h"

#include <nlohmann/json.hpp>

#include "models/model_store.h"
#include "runtime/cli/console.h"
#include "runtime/report/model_json.h"
#include "runtime/report/numbers.h"
#include "runtime/report/table.h"

namespace slm::runtime {
namespace {

std::string number_or_dash(std::uint64_t number) {
  return number == 0 ? "–" : grouped(number);
}
std::string text_or_dash(const std::string& text) {
  return text.empty() ? "–" : text;
}

}  // namespace

int models(const ModelsArguments& arguments) {
  if (arguments.files.empty()) throw UsageError("expected model FILEs, or `quantize`");
  using Align = Table::Align;
  Table table{{{"file"},
               {"format"},
               {"architecture"},
               {"parameters", Align::right},
               {"weights"},
               {"context", Align::right},
               {"tokenizer"},
               {"vocabulary", Align::right},
               {"labels", Align::right},
               {"size", Align::right},
               {"memory", Align::right}}};
  nlohmann::ordered_json json = {{"models", nlohmann::ordered_json::array()}};
  bool is_all_good = true;
  for (const auto& file : arguments.files) {
    try {
      const auto info = inspect(file);
      table.add({file.string(), info.format, text_or_dash(info.architecture), number_or_dash(info.parameters),
                 text_or_dash(info.quantisation), number_or_dash(info.context_tokens),
                 text_or_dash(info.tokenizer), number_or_dash(info.vocabulary),
                 number_or_dash(info.labels.size()), bytes(info.file_bytes), bytes(info.memory_bytes)});
      json["models"].push_back(model_json(info));
    } catch (const ModelError& error) {
      print_error(error.what());
      json["models"].push_back({{"file", file.string()}, {"error", error.what()}});
      is_all_good = false;
    }
  }
  if (arguments.is_json)
    write_result(json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
  else if (!table.empty())
    write_result(table.to_string());
  return is_all_good ? kExitDone : kExitUsage;
}

}  // namespace slm::runtime
