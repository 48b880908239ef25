#include "models/llama/backend_library.h"

#include <dlfcn.h>
#include <ggml-backend.h>
#include <llama.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <string_view>

#include "models/model.h"

namespace slm::llama {
namespace {

thread_local LogCapture* current_capture = nullptr;
bool log_to_stderr = false;

bool has_processor() {
  return ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU) != nullptr;
}

/// The folder of the libllama that is loaded: its processor-specific libraries lie beside it, in a build tree
/// as in an installed package.
std::filesystem::path library_folder() {
  Dl_info info{};
  // By name, since the address of a function may be that of a stub in our own program.
  void* symbol = dlsym(RTLD_DEFAULT, "llama_backend_init");
  if (symbol == nullptr || dladdr(symbol, &info) == 0 || info.dli_fname == nullptr) return {};
  return std::filesystem::path(info.dli_fname).parent_path();
}

void load_backends() {
  if (has_processor()) return;  // built into the library
  const std::filesystem::path folder = library_folder();
  if (!folder.empty()) ggml_backend_load_all_from_path(folder.c_str());
  if (!has_processor()) ggml_backend_load_all();  // where a system's llama.cpp keeps them
  if (!has_processor())
    throw ModelError("llama.cpp has no code for this processor: no libggml-cpu* was found in " +
                     folder.string());
}

}  // namespace

void collect_log(int level, const char* message) {
  if (log_to_stderr) std::fputs(message, stderr);
  LogCapture* capture = current_capture;
  if (capture == nullptr) return;
  if (capture->on_message_) capture->on_message_(message);
  if (level != GGML_LOG_LEVEL_CONT) capture->is_continued_ = level >= GGML_LOG_LEVEL_WARN;
  if (capture->is_continued_) capture->raw_ += message;
}

void prepare_library() {
  static std::mutex mutex;
  static bool is_ready = false;
  const std::lock_guard lock(mutex);
  if (is_ready) return;
  const char* wanted = std::getenv("SLM_GRAPH_LLAMA_LOG");  // NOLINT(concurrency-mt-unsafe)
  log_to_stderr = wanted != nullptr && std::string_view(wanted) != "0";
  llama_log_set([](ggml_log_level level, const char* message, void*) { collect_log(level, message); },
                nullptr);
  load_backends();
  llama_backend_init();
  is_ready = true;
}

LogCapture::LogCapture(std::function<void(std::string_view)> on_message)
    : on_message_(std::move(on_message)), outer_(current_capture) {
  current_capture = this;
}

LogCapture::~LogCapture() {
  current_capture = outer_;
}

std::string LogCapture::text() const {
  std::string joined;
  std::string_view rest = raw_;
  while (!rest.empty()) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    // "llama_model_load: error loading model: tensor …" -> "error loading model: tensor …"
    const std::size_t colon = line.find(": ");
    if (colon != std::string_view::npos && line.substr(0, colon).find(' ') == std::string_view::npos)
      line.remove_prefix(colon + 2);
    if (line.empty()) continue;
    if (!joined.empty()) joined += "; ";
    joined += line;
  }
  return joined;
}

}  // namespace slm::llama
