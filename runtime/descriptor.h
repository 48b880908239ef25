#pragma once

#include <unistd.h>

#include <utility>

namespace slm::runtime {

/// Owns a POSIX file descriptor, or lends one that must stay open.
class Descriptor {
 public:
  Descriptor() = default;
  static Descriptor owned(int fd) { return {fd, true}; }
  static Descriptor lent(int fd) { return {fd, false}; }

  Descriptor(Descriptor&& other) noexcept : fd_{std::exchange(other.fd_, -1)}, is_owned_{other.is_owned_} {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(is_owned_, other.is_owned_);
    return *this;
  }
  ~Descriptor() {
    if (is_owned_ && fd_ >= 0) ::close(fd_);
  }

  int get() const { return fd_; }

 private:
  Descriptor(int fd, bool is_owned) : fd_{fd}, is_owned_{is_owned} {}

  int fd_ = -1;
  bool is_owned_ = false;
};

}  // namespace slm::runtime
