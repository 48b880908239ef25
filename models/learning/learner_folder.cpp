#include "models/learning/learner_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "models/model.h"
#include "models/replace_file.h"

namespace slm::learning {
namespace {

[[noreturn]] void fail(const std::filesystem::path& folder, const std::string& why) {
  throw ModelError(folder.string() + ": cannot be the folder of a model that learns: " + why);
}

}  // namespace

LearnerFolder::LearnerFolder(std::filesystem::path folder) : path_{std::move(folder)} {
  std::error_code error;
  std::filesystem::create_directories(path_, error);
  if (error) fail(path_, error.message());
  descriptor_ = ::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor_ < 0) fail(path_, std::generic_category().message(errno));
  // Of the open folder and not of the process: two graphs in one program keep each other out too.
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
    ::close(descriptor_);
    fail(path_, "another learner is at work in it");
  }
  try {
    check_replaceable(state());
  } catch (const std::system_error& problem) {
    ::close(descriptor_);
    fail(path_, problem.what());
  }
}

LearnerFolder::~LearnerFolder() {
  ::close(descriptor_);
}

}  // namespace slm::learning
