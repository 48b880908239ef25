#include "nodes/machine.h"

#include <gtest/gtest.h>

#include <map>

#include "tests/runtime/temporary_folder.h"

namespace slm {
namespace {

/// As the folder of Linux.
class Supplies {
 public:
  void set(const std::string& supply, const std::map<std::string, std::string>& files) {
    std::filesystem::create_directories(folder_ / supply);
    for (const auto& [name, text] : files) folder_.write(supply + "/" + name, text + "\n");
  }
  bool on_mains() const { return is_on_mains(folder_.path()); }
  std::optional<double> battery() const { return battery_percent(folder_.path()); }

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

TEST(Battery, IsHowFullAllOfThemAre) {
  Supplies supplies;
  EXPECT_EQ(supplies.battery(), std::nullopt);
  supplies.set("AC", {{"type", "Mains"}, {"online", "1"}});
  supplies.set("mouse", {{"type", "Battery"}, {"scope", "Device"}, {"capacity", "1"}});
  EXPECT_EQ(supplies.battery(), std::nullopt);
  supplies.set("BAT0", {{"type", "Battery"}, {"capacity", "80"}});
  EXPECT_EQ(supplies.battery(), 80);
  supplies.set("BAT1", {{"type", "Battery"}, {"capacity", "20"}});
  supplies.set("BAT2", {{"type", "Battery"}, {"capacity", "unknown"}});
  EXPECT_EQ(supplies.battery(), 50);
}

TEST(AvailableMemory, IsToldByThisMachine) {
  const auto bytes = available_memory();
  ASSERT_TRUE(bytes.has_value());
  EXPECT_GT(*bytes, 1U << 20U);
}

TEST(AvailableMemory, IsWhatTheMachineAndEveryGroupAroundUsHasLeft) {
  const slm::testing::TemporaryFolder folder;
  const auto set = [&](const std::string& file, const std::string& text) {
    std::filesystem::create_directories((folder.path() / file).parent_path());
    folder.write(file, text);
  };
  const auto available = [&] { return available_memory(folder.path() / "proc", folder.path() / "groups"); };
  EXPECT_EQ(available(), std::nullopt);
  set("proc/meminfo", "MemTotal:  9000 kB\nMemFree:  10 kB\nMemAvailable:   4000 kB\n");
  EXPECT_EQ(available(), 4000U * 1024);
  set("proc/self/cgroup", "1:name=systemd:/else\n0::/box/inner\n");
  set("groups/box/inner/memory.max", "max\n");
  set("groups/box/inner/memory.current", "7000\n");
  EXPECT_EQ(available(), 4000U * 1024) << "nothing bounds it";
  set("groups/box/memory.max", "10000\n");
  set("groups/box/memory.current", "9000\n");
  EXPECT_EQ(available(), 1000U);
  set("groups/box/memory.stat", "anon 5000\nfile 4000\n");
  EXPECT_EQ(available(), 5000U) << "files can be read again";
  set("groups/box/memory.current", "20000\n");
  EXPECT_EQ(available(), 0U);
}

}  // namespace
}  // namespace slm
