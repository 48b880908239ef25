#include "runtime/input/source.h"

#include "runtime/input/csv_source.h"
#include "runtime/input/line_sources.h"
#include "runtime/input/request_members.h"

namespace slm::runtime {

InputFormat format_of(const std::filesystem::path& file) {
  if (file == "-") return InputFormat::jsonl;
  auto extension = file.extension();
  if (extension == ".gz" || extension == ".zst") extension = file.stem().extension();
  if (extension == ".jsonl" || extension == ".ndjson" || extension == ".json") return InputFormat::jsonl;
  if (extension == ".txt" || extension == ".text") return InputFormat::text;
  if (extension == ".csv") return InputFormat::csv;
  return InputFormat::automatic;
}

std::unique_ptr<Source> make_source(ByteReader& bytes, const std::filesystem::path& file,
                                    const SourceOptions& options) {
  const auto format = options.format == InputFormat::automatic ? format_of(file) : options.format;
  switch (format) {
    case InputFormat::text:
      return std::make_unique<TextLinesSource>(bytes, options);
    case InputFormat::csv:
      try {
        return std::make_unique<CsvSource>(bytes, options);
      } catch (const LineMistake& mistake) {
        throw InputError(name_of_input(file) + ": " + mistake.what());
      }
    case InputFormat::jsonl:
      return std::make_unique<JsonLinesSource>(bytes, options);
    case InputFormat::automatic:
      break;
  }
  throw InputError("cannot tell the format of " + file.string() +
                   " from its extension, expected .jsonl, .txt or .csv; --format names it");
}

}  // namespace slm::runtime
