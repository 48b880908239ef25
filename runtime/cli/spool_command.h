#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace slm::runtime {

struct SpoolArguments {
  std::vector<std::filesystem::path> files;
  /// So many of the first entries, one by one.
  std::size_t listed = 0;
  bool is_repair = false;
  std::vector<std::string> dropped;
  bool is_drop_all = false;
  /// Dropping loses entries for good, and has to be said twice.
  bool is_sure = false;
  bool is_json = false;
};

/// `slm-graph spool`: what disk queues hold, and their repair. A file that cannot be used is reported and the
/// others go on; exit 2 then.
int spool(const SpoolArguments& arguments);

}  // namespace slm::runtime
