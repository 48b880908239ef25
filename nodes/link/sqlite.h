#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace slm::link {

/// What SQLite says went wrong, in words that an operator can use.
class SqliteError : public std::runtime_error {
 public:
  /// `code` is SQLite's extended result code.
  SqliteError(int code, const std::string& what) : std::runtime_error{what}, code_{code} {}

  int code() const { return code_; }
  /// The file's content is wrong or cannot be read, as opposed to a disk that is full or a lock that is
  /// taken.
  bool is_damage() const;

 private:
  int code_;
};

/// A prepared statement. Parameters and columns count from 1 and 0, as SQLite's do. Text and blobs are not
/// copied: those bound must live until the statement is done, those read live until the next step.
/// Functions throw SqliteError. Must not outlive its database.
class Statement {
 public:
  Statement(sqlite3* database, std::string_view sql);

  Statement& bind(int parameter, std::int64_t value);
  Statement& bind_text(int parameter, std::string_view value);
  Statement& bind_blob(int parameter, std::string_view value);

  /// True: there is a row to read. False: done, and ready to be bound and stepped again.
  bool step();
  /// Steps to the end.
  void run();
  /// Gives up the rows that are left.
  void reset() noexcept;

  std::int64_t number(int column) const;
  /// The bytes of a text or blob.
  std::string_view bytes(int column) const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const noexcept;
  };

  [[noreturn]] void fail(int code) const;
  void expect_done(int code) const;

  sqlite3* database_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

/// A connection to an SQLite file. One thread at a time. Functions throw SqliteError.
class Database {
 public:
  /// `unchanging`: for reading while nobody writes; makes no files beside it, and sees no write-ahead log.
  enum class Access { read_only, unchanging, read_write, create };

  Database(const std::filesystem::path& file, Access access);

  /// One statement or several, whose rows are of no interest.
  void execute(const std::string& sql);
  Statement prepare(std::string_view sql) const { return {connection_.get(), sql}; }
  /// The first column of the first row; throws where there is none.
  std::int64_t number(std::string_view sql) const;
  /// How many rows the last statement changed.
  std::int64_t changes() const;
  /// Outside of a transaction: nothing to roll back.
  bool is_idle() const;

 private:
  struct Close {
    void operator()(sqlite3* connection) const noexcept;
  };

  std::unique_ptr<sqlite3, Close> connection_;
};

}  // namespace slm::link
