#include "runtime/run/identity.h"

#include <sys/stat.h>

#include <ctime>
#include <iomanip>
#include <sstream>

namespace slm::runtime {
namespace {

std::string state_of(const std::filesystem::path& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return "not there";
  if (!S_ISREG(status.st_mode))
    throw CheckpointError(name_of_input(file) +
                          " cannot be read again, so a run of it cannot go on; leave out --checkpoint");
  std::tm modified{};
  ::gmtime_r(&status.st_mtim.tv_sec, &modified);
  std::ostringstream text;
  text << status.st_size << " bytes, modified " << std::put_time(&modified, "%F %T.") << std::setw(9)
       << std::setfill('0') << status.st_mtim.tv_nsec << " UTC";
  return text.str();
}

std::string full_name(const std::filesystem::path& file) {
  return std::filesystem::weakly_canonical(std::filesystem::absolute(file)).string();
}

}  // namespace

RunIdentity identity_of(const RunOptions& options, const PipelineSpec& spec,
                        const std::vector<std::filesystem::path>& inputs) {
  RunIdentity identity{{"the pipeline " + full_name(options.pipeline), state_of(options.pipeline)}};
  for (const FilePath& file : spec.files)
    if (!file.is_of_machine)
      identity.emplace_back("the pipeline's file " + full_name(file.path), state_of(file.path));
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i] == "-")
      throw CheckpointError(
          "standard input cannot be read again, so a run of it cannot go on; leave out --checkpoint");
    identity.emplace_back("input " + std::to_string(i + 1),
                          full_name(inputs[i]) + " with " + state_of(inputs[i]));
  }
  const auto option = [&](const std::string& name, const std::string& value) {
    identity.emplace_back(name, value.empty() ? "none" : value);
  };
  option("--output", full_name(options.output));
  option("--failed", options.failed.empty() ? "" : full_name(options.failed));
  option("--process", options.process);
  option("--text-field", options.source.text_field);
  option("--format", std::to_string(static_cast<int>(options.source.format)));
  option("--output-format", std::to_string(static_cast<int>(options.output_format)));
  option("--shard",
         std::to_string(options.source.shard.index) + "/" + std::to_string(options.source.shard.count));
  option("--ordered", options.is_ordered ? "yes" : "no");
  return identity;
}

}  // namespace slm::runtime
