#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "graph/pipeline.h"

namespace slm::runtime {

/// An output that cannot be opened, or must not be.
class OutputError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A file that a command reads.
struct FileInUse {
  std::string what;            ///< for messages: "the input"
  std::filesystem::path file;  ///< `-`: standard input
};

/// The pipeline file and every file that it names.
std::vector<FileInUse> files_of(const PipelineSpec& spec);

/// Throws OutputError where the output is one of the files, by whatever name or link: writing would destroy
/// what is still to be read, or what a running model is made of. `-` is standard output; `called` is for
/// messages.
void refuse_to_overwrite(const std::vector<FileInUse>& files, const std::filesystem::path& output,
                         const std::string& called = "the output");

}  // namespace slm::runtime
