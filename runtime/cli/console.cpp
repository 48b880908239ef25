#include "runtime/cli/console.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "graph/problems.h"
#include "models/model.h"
#include "runtime/input/byte_reader.h"
#include "runtime/input/line_problems.h"
#include "runtime/output/output_file.h"
#include "runtime/terminal.h"

namespace slm::runtime {
namespace {

void write_all(std::FILE* stream, std::string_view text, const std::string& name) {
  if (std::fwrite(text.data(), 1, text.size(), stream) != text.size() || std::fflush(stream) != 0)
    throw WriteError("cannot write " + name + ": " + std::strerror(errno));
}

}  // namespace

void write_result(std::string_view text, const std::filesystem::path& file) {
  if (file == "-") return write_all(stdout, text, "standard output");
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> stream{std::fopen(file.c_str(), "wb"), &std::fclose};
  if (!stream) throw OutputError("cannot write " + file.string() + ": " + std::strerror(errno));
  write_all(stream.get(), text, file.string());
}

void print_error(std::string_view message) {
  const auto text =
      "slm-graph: " + painted(Terminal::of(stderr), Paint::red, "error") + ": " + std::string{message} + "\n";
  std::fputs(text.c_str(), stderr);
}

void print_note(std::string_view message) {
  std::string text{message};
  if (!text.ends_with('\n')) text += '\n';
  std::fputs(text.c_str(), stderr);
}

int guarded(const std::function<int()>& command) {
  try {
    return command();
  } catch (const PipelineError& error) {
    for (const auto& problem : error.problems()) print_note(to_string(problem));
    return kExitUsage;
  } catch (const DataError& error) {
    print_note(error.what());
    return kExitUsage;
  } catch (const UsageError& error) {
    print_error(error.what());
    return kExitUsage;
  } catch (const InputError& error) {
    print_error(error.what());
    return kExitUsage;
  } catch (const OutputError& error) {
    print_error(error.what());
    return kExitUsage;
  } catch (const ModelError& error) {
    print_error(error.what());
    return kExitUsage;
  } catch (const std::exception& error) {
    print_error(error.what());
    return kExitSomeFailed;
  }
}

}  // namespace slm::runtime
