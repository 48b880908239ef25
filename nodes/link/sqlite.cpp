#include "nodes/link/sqlite.h"

#include <sqlite3.h>

#include <cstring>

namespace slm::link {
namespace {

std::string in_words(sqlite3* connection, int code) {
  const int number = connection != nullptr ? sqlite3_system_errno(connection) : 0;
  switch (code & 0xff) {
    case SQLITE_FULL:
      return "the disk is full";
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
      return std::string{sqlite3_errstr(code)} + " (" + std::to_string(code) +
             (number != 0 ? ", " + std::string{std::strerror(number)} : "") + ")";
    default:
      return connection != nullptr ? sqlite3_errmsg(connection) : sqlite3_errstr(code);
  }
}

std::string as_uri(const std::string& file) {
  std::string uri = "file:";
  for (const char character : file) {
    if (character == '%')
      uri += "%25";
    else if (character == '?')
      uri += "%3f";
    else if (character == '#')
      uri += "%23";
    else
      uri += character;
  }
  return uri;
}

}  // namespace

bool SqliteError::is_damage() const {
  switch (code_) {
    case SQLITE_IOERR_READ:
    case SQLITE_IOERR_SHORT_READ:
    case SQLITE_IOERR_DATA:
    case SQLITE_IOERR_CORRUPTFS:
      return true;
    default:
      break;
  }
  switch (code_ & 0xff) {
    case SQLITE_ERROR:  // of our own statements: the schema is not what it was
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_MISMATCH:
    case SQLITE_SCHEMA:
    case SQLITE_FORMAT:
      return true;
    default:
      return false;
  }
}

void Statement::Finalize::operator()(sqlite3_stmt* statement) const noexcept {
  sqlite3_finalize(statement);
}

Statement::Statement(sqlite3* database, std::string_view sql) : database_{database} {
  sqlite3_stmt* statement = nullptr;
  const int code =
      sqlite3_prepare_v3(database, sql.data(), static_cast<int>(sql.size()), 0, &statement, nullptr);
  statement_.reset(statement);
  if (code != SQLITE_OK) fail(code);
}

void Statement::fail(int code) const {
  const int extended = sqlite3_extended_errcode(database_);
  if ((extended & 0xff) == (code & 0xff)) code = extended;
  throw SqliteError{code, in_words(database_, code)};
}

void Statement::expect_done(int code) const {
  if (code != SQLITE_OK) fail(code);
}

Statement& Statement::bind(int parameter, std::int64_t value) {
  expect_done(sqlite3_bind_int64(statement_.get(), parameter, value));
  return *this;
}

Statement& Statement::bind_text(int parameter, std::string_view value) {
  expect_done(sqlite3_bind_text64(statement_.get(), parameter, value.data(), value.size(), SQLITE_STATIC,
                                  SQLITE_UTF8));
  return *this;
}

Statement& Statement::bind_blob(int parameter, std::string_view value) {
  // A null pointer would store NULL instead of an empty blob.
  expect_done(sqlite3_bind_blob64(statement_.get(), parameter, value.empty() ? "" : value.data(),
                                  value.size(), SQLITE_STATIC));
  return *this;
}

bool Statement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) {
    reset();
    return false;
  }
  const int extended = sqlite3_extended_errcode(database_);
  const SqliteError error{extended, in_words(database_, extended)};
  reset();
  throw error;
}

void Statement::run() {
  while (step()) {
  }
}

void Statement::reset() noexcept {
  sqlite3_reset(statement_.get());
}

std::int64_t Statement::number(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string_view Statement::bytes(int column) const {
  const auto* begin = static_cast<const char*>(sqlite3_column_blob(statement_.get(), column));
  const int size = sqlite3_column_bytes(statement_.get(), column);
  if (begin == nullptr) {
    // Empty, or overflow pages that cannot be read.
    const int code = sqlite3_extended_errcode(database_);
    if (size != 0 || (code != SQLITE_OK && code != SQLITE_ROW && code != SQLITE_DONE)) fail(code);
    return {};
  }
  return {begin, static_cast<std::size_t>(size)};
}

void Database::Close::operator()(sqlite3* connection) const noexcept {
  sqlite3_close_v2(connection);
}

Database::Database(const std::filesystem::path& file, Access access) {
  const bool is_reader = access == Access::read_only || access == Access::unchanging;
  int flags = SQLITE_OPEN_NOMUTEX | (is_reader ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE);
  if (access == Access::create) flags |= SQLITE_OPEN_CREATE;
  auto name = file.string();
  if (access == Access::unchanging) {
    name = as_uri(name) + "?immutable=1";
    flags |= SQLITE_OPEN_URI;
  }
  sqlite3* connection = nullptr;
  const int code = sqlite3_open_v2(name.c_str(), &connection, flags, nullptr);
  connection_.reset(connection);
  if (code != SQLITE_OK) {
    const int extended = connection != nullptr ? sqlite3_extended_errcode(connection) : code;
    throw SqliteError{extended, in_words(connection, extended)};
  }
  sqlite3_extended_result_codes(connection, 1);
  // What a damaged or forged file says in its schema is not to be run.
  sqlite3_db_config(connection, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(connection, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_busy_timeout(connection, 2000);
}

void Database::execute(const std::string& sql) {
  const int code = sqlite3_exec(connection_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) throw SqliteError{code, in_words(connection_.get(), code)};
}

std::int64_t Database::number(std::string_view sql) const {
  auto statement = prepare(sql);
  if (!statement.step()) throw SqliteError{SQLITE_CORRUPT, "a row is missing"};
  return statement.number(0);
}

std::int64_t Database::changes() const {
  return sqlite3_changes64(connection_.get());
}

bool Database::is_idle() const {
  return sqlite3_get_autocommit(connection_.get()) != 0;
}

}  // namespace slm::link
