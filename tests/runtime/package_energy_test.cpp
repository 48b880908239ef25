#include "runtime/run/package_energy.h"

#include <gtest/gtest.h>

#include <fstream>

#include "nodes/builtin.h"
#include "runtime/report/run_report.h"
#include "runtime/run/runner.h"
#include "tests/runtime/temporary_folder.h"

namespace slm::runtime {
namespace {

using testing::TemporaryFolder;

/// A folder as the kernel shows it.
class PackageEnergyTest : public ::testing::Test {
 protected:
  void zone(const std::string& name, const std::string& says, std::uint64_t energy_uj) {
    std::filesystem::create_directories(folder_ / name);
    write(name + "/name", says);
    write(name + "/max_energy_range_uj", "1000000000");
    counts(name, energy_uj);
  }
  void counts(const std::string& name, std::uint64_t energy_uj) {
    write(name + "/energy_uj", std::to_string(energy_uj));
  }
  void write(const std::string& file, const std::string& text) {
    std::ofstream{folder_ / file} << text << '\n';
  }

  TemporaryFolder folder_;
};

TEST_F(PackageEnergyTest, IsThatOfAllPackagesSinceTheBeginning) {
  zone("intel-rapl:0", "package-0", 5'000'000);
  zone("intel-rapl:1", "package-1", 0);
  PackageEnergy energy{folder_ / ""};
  EXPECT_EQ(energy.joules(), 0);
  counts("intel-rapl:0", 7'000'000);
  counts("intel-rapl:1", 500'000);
  EXPECT_EQ(energy.joules(), 2.5);
}

TEST_F(PackageEnergyTest, GoesOnWhereACounterWrapsAround) {
  zone("intel-rapl:0", "package-0", 999'000'000);
  PackageEnergy energy{folder_ / ""};
  counts("intel-rapl:0", 2'000'000);
  EXPECT_EQ(energy.joules(), 3);
  counts("intel-rapl:0", 3'000'000);
  EXPECT_EQ(energy.joules(), 4);
}

TEST_F(PackageEnergyTest, CountsNothingTwice) {
  for (const auto& [name, says] : {std::pair{"intel-rapl:0", "package-0"},
                                   {"intel-rapl:0:0", "core"},
                                   {"intel-rapl:1", "psys"},
                                   {"intel-rapl-mmio:0", "package-0"}})
    zone(name, says, 0);
  PackageEnergy energy{folder_ / ""};
  for (const char* name : {"intel-rapl:0", "intel-rapl:0:0", "intel-rapl:1", "intel-rapl-mmio:0"})
    counts(name, 1'000'000);
  EXPECT_EQ(energy.joules(), 1);
}

TEST_F(PackageEnergyTest, IsUnknownWithoutCountersAndWhereOneCannotBeRead) {
  EXPECT_EQ(PackageEnergy{folder_ / "missing"}.joules(), std::nullopt);
  EXPECT_EQ(PackageEnergy{folder_ / ""}.joules(), std::nullopt);
  zone("intel-rapl:0", "package-0", 1);
  zone("intel-rapl:1", "package-1", 1);
  PackageEnergy energy{folder_ / ""};
  EXPECT_EQ(energy.joules(), 0);
  write("intel-rapl:1/energy_uj", "");
  EXPECT_EQ(energy.joules(), std::nullopt);
  EXPECT_EQ(PackageEnergy{folder_ / ""}.joules(), std::nullopt);
}

TEST_F(PackageEnergyTest, IsToldAtTheEndOfARunWhereThereIsAny) {
  register_builtin_nodes();
  folder_.write("p.yaml",
                "pipeline: p\nversion: 1\nentry: a\nnodes:\n  a: { type: redact, kinds: [email] }\n");
  folder_.write("in.txt", "hello\n");
  const auto report = [&] {
    RunOptions options;
    options.pipeline = folder_ / "p.yaml";
    options.inputs = {(folder_ / "in.txt").string()};
    options.output = folder_ / "out.jsonl";
    options.powercap = folder_ / ".";
    Runner runner{options};
    return runner.run();
  };
  EXPECT_EQ(to_json(report()).find("machine_energy_j"), std::string::npos);
  zone("intel-rapl:0", "package-0", 5);
  const RunReport measured = report();
  EXPECT_NE(to_json(measured).find("\"machine_energy_j\":0.0"), std::string::npos) << to_json(measured);
  EXPECT_NE(to_text(measured, Terminal{}).find("J drawn by the processors"), std::string::npos);
}

}  // namespace
}  // namespace slm::runtime
