#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace date {
class time_zone;
}

namespace slm::aggregate {

/// A time zone of the IANA database that the system keeps (package `tzdata`). Cheap to copy; any thread.
class TimeZone {
 public:
  static constexpr std::string_view kExpected = "a time zone such as `Europe/Berlin` or `UTC`";

  /// UTC, which is there without a database too.
  TimeZone() = default;
  /// Throws std::invalid_argument for a zone that the system does not know.
  static TimeZone parse(std::string_view name);

  const std::string& name() const { return name_; }

  std::chrono::local_seconds local(std::chrono::sys_seconds moment) const;

  /// When clocks in the zone show a time. One that they leave out is taken for the moment of the change;
  /// where they are set back, a time comes twice.
  struct Moments {
    std::chrono::sys_seconds first;
    std::chrono::sys_seconds last;
  };
  Moments moments(std::chrono::local_seconds time) const;

 private:
  std::string name_ = "UTC";
  const date::time_zone* zone_ = nullptr;  ///< null: UTC; lives as long as the program
};

}  // namespace slm::aggregate
