#include "runtime/cli/keygen_command.h"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>
#include <system_error>

#include "nodes/link/key_files.h"
#include "runtime/cli/console.h"

namespace slm::runtime {
namespace {

using Json = nlohmann::ordered_json;

std::string dumped(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

/// A name becomes two files, and, up to its first dot, the name that a server knows a client by.
void check_name(const std::string& name) {
  constexpr std::size_t kLongest = 200;
  const bool is_plain = std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return c >= 0x80 || std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.';
  });
  if (name.empty() || name.size() > kLongest || !is_plain || name.front() == '.' || name.front() == '-')
    throw UsageError("`" + name +
                     "` is no name for keys; expected letters, digits, `_`, `-` and `.`, such as `edge`");
}

int print_public_key(const KeygenArguments& arguments) {
  const std::string key = link::read_secret_key(arguments.public_of).public_key().text();
  write_result(arguments.is_json ? dumped({{"public_key", key}}) : key + "\n");
  return kExitDone;
}

void refuse_to_overwrite(const std::filesystem::path& file) {
  std::error_code ignored;
  if (std::filesystem::exists(std::filesystem::symlink_status(file, ignored)))
    throw UsageError(file.string() + " is there already; nothing was written (--force overwrites)");
}

void make_folder(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw UsageError(folder.string() + " cannot be made: " + error.message());
}

int make_pair(const KeygenArguments& arguments) {
  check_name(arguments.name);
  const auto secret_file = arguments.folder / (arguments.name + ".key");
  const auto public_file = arguments.folder / (arguments.name + ".pub");
  const auto overwrite = arguments.is_forced ? link::Overwrite::yes : link::Overwrite::no;
  if (!arguments.is_forced) {
    refuse_to_overwrite(secret_file);
    refuse_to_overwrite(public_file);
  }
  make_folder(arguments.folder);
  const link::SecretKey key = link::new_secret_key();
  link::write_secret_key(key, secret_file, overwrite);
  link::write_public_key(key.public_key(), public_file, overwrite);
  if (arguments.is_json)
    write_result(dumped({{"name", arguments.name},
                         {"secret_key_file", secret_file.string()},
                         {"public_key_file", public_file.string()},
                         {"public_key", key.public_key().text()}}));
  else
    print_note(secret_file.string() + ": the secret key, for the machine of this process alone\n" +
               public_file.string() + ": the public key, for all who speak with it");
  return kExitDone;
}

}  // namespace

int keygen(const KeygenArguments& arguments) {
  if (arguments.name.empty() == arguments.public_of.empty())
    throw UsageError(arguments.name.empty() ? "expected a NAME for the keys, or --public FILE"
                                            : "expected a NAME or --public FILE, found both");
  try {
    return arguments.name.empty() ? print_public_key(arguments) : make_pair(arguments);
  } catch (const link::KeyError& error) {
    throw UsageError(error.what());
  }
}

}  // namespace slm::runtime
