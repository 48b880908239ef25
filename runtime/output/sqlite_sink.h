#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "nodes/link/sqlite.h"
#include "runtime/descriptor.h"
#include "runtime/output/outcome_sink.h"

namespace slm::runtime {

/// A row for each outcome in the table `outcomes` of an SQLite database, numbered in the order of writing;
/// other tables are left alone. All that is staged is one transaction: it is there whole or not at all.
class SqliteSink : public OutcomeSink {
 public:
  /// Makes the file or the table where they are missing. Throws OutputError, also where the table is of
  /// another shape.
  explicit SqliteSink(const std::filesystem::path& file);

  OutputMark stage(std::span<const ResultPtr> results) override;
  std::size_t write() override;
  const std::string& error() const override { return error_; }
  bool sync() override;
  bool holds(std::uint64_t begin, const OutputMark& mark) override;
  void cut(std::uint64_t end) override;

 private:
  std::uint64_t rows(std::uint64_t after, std::uint64_t to) const;

  const std::filesystem::path file_;
  link::Database database_;
  link::Statement insert_;
  Descriptor synced_;      // the database
  Descriptor synced_log_;  // and its write-ahead log
  std::span<const ResultPtr> staged_;
  std::uint64_t end_ = 0;
  std::string error_;
};

}  // namespace slm::runtime
