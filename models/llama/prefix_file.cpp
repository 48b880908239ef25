#include "models/llama/prefix_file.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <mutex>
#include <span>
#include <system_error>
#include <utility>
#include <vector>

#include "models/ngram/xxhash64.h"
#include "models/replace_file.h"

namespace slm::llama {
namespace {

namespace fs = std::filesystem;

using Magic = std::array<char, 8>;
constexpr Magic kMagic{'S', 'L', 'M', 'P', 'R', 'E', 'F', 'X'};
constexpr std::uint32_t kVersion = 1;

/// How the file begins. An `Entry` for each snapshot follows, then their tokens and states in the same order.
/// Little-endian, as every processor we run on.
struct Header {
  Magic magic = kMagic;
  std::uint32_t version = kVersion;
  std::uint32_t entries = 0;
  std::uint64_t identity = 0;
  std::uint64_t entries_checksum = 0;
};
struct Entry {
  std::uint64_t tokens = 0;
  std::uint64_t state_bytes = 0;
  std::uint64_t tokens_checksum = 0;
  std::uint64_t state_checksum = 0;

  std::uint64_t bytes() const { return tokens * sizeof(llama_token) + state_bytes; }
};
static_assert(sizeof(Header) == 32 && sizeof(Entry) == 32, "the same with every compiler");

/// A KV cache is laid out by its slots and their context, so llama.cpp takes no state of another layout.
std::uint64_t identity_of(const ModelInfo& info, const LlamaOptions& options, int context) {
  std::string text = info.checksum;
  for (const int number : {static_cast<int>(options.kv_type), options.slots, context, options.gpu_layers,
                           LLAMA_STATE_SEQ_VERSION})
    text += ' ' + std::to_string(number);
  text += std::string(" ") + llama_version() + ' ' + ggml_commit();
  return ngram::xxhash64(std::as_bytes(std::span(text)));
}

template <class T>
std::uint64_t checksum_of(const std::vector<T>& values) {
  return ngram::xxhash64(std::as_bytes(std::span(values)));
}

void read_into(std::istream& stream, std::span<std::byte> bytes) {
  if (!stream.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size())))
    throw ModelError("it is cut off");
}

template <class T>
std::vector<T> read_values(std::istream& stream, std::uint64_t count, std::uint64_t checksum) {
  std::vector<T> values(count);
  read_into(stream, std::as_writable_bytes(std::span(values)));
  // What llama.cpp makes of a damaged state is anybody's guess.
  if (checksum_of(values) != checksum) throw ModelError("it is damaged");
  return values;
}

std::vector<Entry> read_entries(std::istream& stream, std::uint64_t identity) {
  const auto size = static_cast<std::uint64_t>(stream.seekg(0, std::ios::end).tellg());
  stream.seekg(0);
  Header header;
  read_into(stream, std::as_writable_bytes(std::span(&header, 1)));
  if (header.magic != kMagic) throw ModelError("it is no such file");
  if (header.version != kVersion) throw ModelError("it was written by another version of slm-graph");
  if (header.identity != identity)
    throw ModelError("it is of another model, of other options or of another llama.cpp");
  if (header.entries > size / sizeof(Entry)) throw ModelError("it is damaged");
  auto entries = read_values<Entry>(stream, header.entries, header.entries_checksum);
  std::uint64_t end = sizeof(Header) + entries.size() * sizeof(Entry);
  for (const Entry& entry : entries) end += entry.bytes();
  if (end != size) throw ModelError("it is cut off");
  return entries;
}

std::list<Snapshot> read_snapshots(std::istream& stream, std::uint64_t identity, std::size_t most_bytes) {
  const std::vector<Entry> entries = read_entries(stream, identity);
  std::uint64_t bytes = 0;
  for (const Entry& entry : entries) bytes += entry.bytes();
  std::list<Snapshot> snapshots;
  for (const Entry& entry : entries) {
    if (bytes > most_bytes) {
      bytes -= entry.bytes();
      stream.seekg(static_cast<std::streamoff>(entry.bytes()), std::ios::cur);
      continue;
    }
    auto tokens = read_values<llama_token>(stream, entry.tokens, entry.tokens_checksum);
    auto state = read_values<std::uint8_t>(stream, entry.state_bytes, entry.state_checksum);
    snapshots.push_back({std::move(tokens), std::move(state)});
  }
  return snapshots;
}

/// Whether the file is, or may be, something else, named by mistake: that is not written over.
bool is_foreign(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return true;
  Magic magic{};
  stream.read(magic.data(), magic.size());
  return !std::equal(magic.begin(), magic.begin() + stream.gcount(), kMagic.begin());
}

void write_snapshots(FileReplacement& file, const std::list<Snapshot>& saved, std::uint64_t identity) {
  std::vector<Entry> entries;
  for (const Snapshot& one : saved)
    entries.push_back({one.tokens.size(), one.state.size(), checksum_of(one.tokens), checksum_of(one.state)});
  const Header header{.entries = static_cast<std::uint32_t>(entries.size()),
                      .identity = identity,
                      .entries_checksum = checksum_of(entries)};
  file.write(std::as_bytes(std::span(&header, 1)));
  file.write(std::as_bytes(std::span(entries)));
  for (const Snapshot& one : saved) {
    file.write(std::as_bytes(std::span(one.tokens)));
    file.write(std::as_bytes(std::span(one.state)));
  }
}

}  // namespace

PrefixFile::PrefixFile(const ModelInfo& info, const LlamaOptions& options, int context, ModelLog log)
    : file_(options.prefix_file),
      identity_(identity_of(info, options, context)),
      log_(log ? std::move(log) : [](const std::string&) {}) {}

std::list<Snapshot> PrefixFile::read(std::size_t most_bytes) const {
  std::error_code error;
  const fs::file_status status = fs::status(file_, error);
  if (file_.empty() || status.type() == fs::file_type::not_found) return {};
  try {
    if (status.type() != fs::file_type::regular) throw ModelError("it is no regular file");
    std::ifstream stream(file_, std::ios::binary);
    if (!stream) throw ModelError("it cannot be read");
    return read_snapshots(stream, identity_, most_bytes);
  } catch (const std::exception& problem) {
    log_("prefix_file " + file_.string() + ": " + problem.what() + "; prompts are evaluated anew");
    return {};
  }
}

void PrefixFile::write(const std::list<Snapshot>& saved) const {
  if (file_.empty()) return;
  // Within a process, temporary files for the same one have the same name.
  static std::mutex one_after_the_other;
  const std::lock_guard lock(one_after_the_other);
  try {
    if (fs::is_regular_file(file_) && is_foreign(file_))
      throw ModelError("it is no such file, and is left as it is");
    FileReplacement replacement(file_, 0600);
    write_snapshots(replacement, saved, identity_);
    replacement.finish();
  } catch (const std::exception& problem) {
    log_("prefix_file " + file_.string() + ": " + problem.what() +
         "; beginnings of prompts are not kept for the next start");
  }
}

void check_prefix_file(const fs::path& file) {
  const fs::path folder = file.has_parent_path() ? file.parent_path() : ".";
  std::error_code error;
  if (!fs::is_directory(folder, error))
    throw ModelError("prefix_file " + file.string() + ": there is no folder " + folder.string());
  if (fs::is_directory(file, error))
    throw ModelError("prefix_file " + file.string() + ": a folder, expected a file");
}

}  // namespace slm::llama
