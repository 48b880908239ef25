#include <cctype>

#include "runtime/cli/declare.h"
#include "runtime/cli/models_command.h"
#include "runtime/cli/quantize_command.h"

namespace slm::runtime {
namespace {

/// One of the names, however its letters are written.
std::string known_type(const std::string& option, std::string found, const std::vector<std::string>& names) {
  std::ranges::transform(found, found.begin(), [](unsigned char c) { return std::toupper(c); });
  if (std::ranges::find(names, found) == names.end())
    throw CLI::ValidationError(option + ": `" + found + "` is not among " + listed(names) +
                               did_you_mean(found, names));
  return found;
}

llama::TensorType tensor_type(const std::string& text) {
  const auto equals = text.rfind('=');
  if (equals == 0 || equals == std::string::npos || equals + 1 == text.size())
    throw CLI::ValidationError(
        "--tensor: expected a regular expression for names of tensors and a type, such as attn_v=Q8_0; "
        "found `" +
        text + "`");
  return {text.substr(0, equals),
          known_type("--tensor", text.substr(equals + 1), llama::tensor_type_names())};
}

void declare_quantize(CLI::App& models, Chosen& chosen) {
  auto [command, arguments] =
      declare(models, chosen, "quantize", "Write a GGUF model with weights of fewer bits", &quantize_model);
  auto& options = arguments->options;
  add_file(command, "file", arguments->file, "the model, in F16, BF16 or F32")->required();
  add_file(command, "-o,--output", arguments->output, "the new model file")->required();
  const auto take_type = [&options](const std::string& text) {
    options.to = known_type("--to", text, llama::quantisation_names());
  };
  std::string types;
  for (const auto& name : llama::quantisation_names()) types += (types.empty() ? "{" : ",") + name;
  command
      ->add_option_function<std::string>(
          "--to", take_type,
          "type of the weights; Q8_0 is about as good as F16, Q4_K_M the usual "
          "bargain")
      ->required()
      ->type_name(types + "}");
  const auto take_tensors = [&options](const std::vector<std::string>& texts) {
    for (const auto& text : texts) options.tensors.push_back(tensor_type(text));
  };
  command
      ->add_option_function<std::vector<std::string>>("--tensor", take_tensors,
                                                      "give tensors in whose name this regular expression is "
                                                      "found another type, such as attn_v=Q8_0; may "
                                                      "come several times, the first that fits counts")
      ->type_name("PATTERN=TYPE")
      ->allow_extra_args(false);
  command->add_flag("--requantize", options.may_requantize,
                    "also take a model that is quantised already, which loses precision twice");
  add_number(command, "--threads", options.threads, 1, 1024, "one for each processor by default");
  command->add_flag("--force", arguments->is_forced, "overwrite an output that is there");
  command->add_flag("--json", arguments->is_json, kJsonDoc);
  command->add_flag("-q,--quiet", arguments->is_quiet, "show no progress and no report");
  command->footer(
      "Examples:\n"
      "  slm-graph models quantize model-f16.gguf --to Q4_K_M --output model-q4_k_m.gguf\n"
      "  slm-graph models quantize model-f16.gguf --to Q4_0 --tensor attn_v=Q8_0 --tensor 'blk\\.0\\.=Q6_K' "
      "\\\n"
      "    --output model.gguf\n\n"
      "Exit codes: 0; 1 where the output could not be written; 2 where the model or an option cannot be "
      "used;\n3 interrupted. The output is as it was, except with 0.");
}

}  // namespace

void declare_model_commands(CLI::App& app, Chosen& chosen) {
  auto [command, arguments] =
      declare(app, chosen, "models", "Tell what model files hold, and quantise them", &models);
  add_file(command, "files", arguments->files, "model files, GGUF or made by slm-graph train");
  command->add_flag("--json", arguments->is_json, kJsonDoc);
  command->footer(
      "Examples:\n"
      "  slm-graph models *.slm *.gguf\n"
      "  slm-graph models quantize model-f16.gguf --to Q4_K_M --output model-q4_k_m.gguf\n\n"
      "Exit codes: 0; 2 where a file cannot be used.");
  declare_quantize(*command, chosen);
}

}  // namespace slm::runtime
