#include "nodes/aggregate/mains.h"

#include <gtest/gtest.h>

#include <map>

#include "tests/runtime/temporary_folder.h"

namespace slm::aggregate {
namespace {

/// As the folder of Linux.
class Supplies {
 public:
  void set(const std::string& supply, const std::map<std::string, std::string>& files) {
    std::filesystem::create_directories(folder_ / supply);
    for (const auto& [name, text] : files) folder_.write(supply + "/" + name, text + "\n");
  }
  bool on_mains() const { return is_on_mains(folder_.path()); }

 private:
  slm::testing::TemporaryFolder folder_;
};

TEST(Mains, AMachineWithoutSuppliesIsOnMains) {
  EXPECT_TRUE(Supplies{}.on_mains());
  EXPECT_TRUE(is_on_mains("/no/such/folder"));
}

TEST(Mains, GoesByTheLineOfALaptop) {
  Supplies supplies;
  supplies.set("AC", {{"type", "Mains"}, {"online", "1"}});
  supplies.set("BAT0", {{"type", "Battery"}, {"status", "Charging"}});
  EXPECT_TRUE(supplies.on_mains());
  supplies.set("AC", {{"online", "0"}});
  EXPECT_FALSE(supplies.on_mains()) << "also before the battery is said to be discharged";
}

TEST(Mains, OneLineOfSeveralIsEnough) {
  Supplies supplies;
  supplies.set("AC", {{"type", "Mains"}, {"online", "0"}});
  supplies.set("usb-c", {{"type", "USB"}, {"online", "1"}});
  EXPECT_TRUE(supplies.on_mains());
}

TEST(Mains, GoesByTheBatteryWhereNoLineIsTold) {
  Supplies supplies;
  supplies.set("battery", {{"type", "Battery"}, {"status", "Discharging"}});
  EXPECT_FALSE(supplies.on_mains());
  supplies.set("battery", {{"status", "Full"}});
  EXPECT_TRUE(supplies.on_mains());
}

TEST(Mains, LeavesBatteriesOfOtherDevicesAlone) {
  Supplies supplies;
  supplies.set("mouse", {{"type", "Battery"}, {"scope", "Device"}, {"status", "Discharging"}});
  EXPECT_TRUE(supplies.on_mains());
}

}  // namespace
}  // namespace slm::aggregate
