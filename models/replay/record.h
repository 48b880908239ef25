#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "models/generator.h"
#include "models/replay/asked.h"

/// The lines of a recording; docs/recordings.md describes them.
namespace slm::replay {

/// What came of a call. Scores of a classifier have probabilities and no names: those are the model's.
using Answer = std::variant<Generation, ChoiceScores, ModelFailure>;

/// One call of a model.
struct Record {
  std::uint64_t key = 0;
  std::string model;     ///< its name in the pipeline
  std::string identity;  ///< what tells it from every other model
  Asked asked;
  Answer answer;
  Recorded recorded;
};

/// The first line: which format the others have.
struct Header {
  int version = 1;
};

/// A model whose calls may follow, also where none do.
struct RecordedModel {
  std::string name;
  std::string identity;
  std::vector<std::string> labels;  ///< of a classifier
  std::uint64_t calls = 0;          ///< counted in reading, not written
};

/// The text of an output format, for people: calls refer to it by its name.
struct RecordedFormat {
  std::string name;
  std::string text;
};

using Line = std::variant<Header, RecordedModel, RecordedFormat, Record>;

/// Whether a file that begins so is a recording.
bool begins_recording(std::string_view beginning);

/// With its line feed. Bytes of a prompt that are not UTF-8 become U+FFFD.
std::string to_text(const Line& line);

/// Throws `std::invalid_argument` saying what was expected; also where a key is not that of what was asked.
Line parse_line(std::string_view text);

}  // namespace slm::replay
