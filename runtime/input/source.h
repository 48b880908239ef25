#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "graph/message.h"
#include "runtime/input/byte_reader.h"
#include "runtime/input/shard.h"
#include "runtime/report/expectation.h"

namespace slm::runtime {

/// Of what does not come from the input.
inline constexpr std::uint64_t kNoNumber = ~std::uint64_t{0};

/// What one line of input asks, or why it cannot be asked.
struct InputItem {
  std::uint64_t number = kNoNumber;  ///< among all items of all files, from zero
  std::uint64_t line = 0;            ///< where it starts, from one
  std::uint64_t begin = 0;           ///< likewise: unpacked bytes of the file before it
  std::string id_json;  ///< the id as JSON text, of the type it came with; the line number where it has none
  bool has_id = false;  ///< whether the line brings its id
  Request request;
  Expectation expectation;  ///< what the line says the right outcome is
  std::string problem;      ///< what is wrong with the line; empty where nothing is
  /// Where SourceOptions ask for it: the line as it came, or as JSON that reads as the same request where it
  /// is none and nothing is wrong with it. Empty where the line is too long.
  std::string written;
};

/// Reads requests one by one, in constant memory. One thread.
class Source {
 public:
  virtual ~Source() = default;
  /// Empty at the end, or once the reading was stopped. Throws InputError.
  virtual std::optional<InputItem> next() = 0;
  /// Before the first item: goes on with the one that begins at this line and byte. Throws InputError.
  virtual void skip_to(std::uint64_t line, std::uint64_t begin) = 0;
};

enum class InputFormat { automatic, jsonl, text, csv };

struct SourceOptions {
  InputFormat format =
      InputFormat::automatic;       ///< automatic: by the file's extension; JSON lines on standard input
  std::string text_field = "text";  ///< JSON member or CSV column that is the request's text
  Priority priority = Priority::interactive;  ///< of requests that bring none
  bool keeps_lines = false;                   ///< as `InputItem::written`
  Shard shard = {};                           ///< which requests InputFiles gives
};

/// What the file's extension tells, that before `.gz` or `.zst`, standard input being JSON lines; `automatic`
/// where it tells nothing.
InputFormat format_of(const std::filesystem::path& file);

/// The source for what `bytes` reads, which must outlive it. Throws InputError, also where the extension of
/// `file` does not tell its format.
std::unique_ptr<Source> make_source(ByteReader& bytes, const std::filesystem::path& file,
                                    const SourceOptions& options);

}  // namespace slm::runtime
