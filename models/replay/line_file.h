#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace slm::replay {

/// A line that was read.
struct ReadLine {
  std::string_view text;  ///< without its end
  std::uint64_t offset = 0;
  std::uint64_t end = 0;     ///< offset of what follows
  std::uint32_t number = 0;  ///< from 1
  bool is_whole = true;      ///< false for a last line without a line feed
};

/// A file of lines, and where those stand that are to be found again.
///
/// Filled by one thread; then every `const` function may be called by any.
class LineFile {
 public:
  struct Entry {
    std::uint64_t about = 0;  ///< what it is looked up by
    std::uint64_t key = 0;    ///< tells apart what is about the same
    std::uint64_t offset = 0;
    std::uint32_t bytes = 0;
    std::uint32_t rank = 0;  ///< the lowest comes first
  };

  /// Throws `ModelError` where it cannot be opened or is no regular file.
  explicit LineFile(const std::filesystem::path& file);

  /// Every line that is not blank.
  void each(const std::function<void(const ReadLine&)>& see) const;

  void add(Entry entry) { entries_.push_back(entry); }
  /// To be called when all are added.
  void sort();
  const std::vector<Entry>& entries() const { return entries_; }
  std::span<const Entry> about(std::uint64_t hash) const;

  /// The line again; it is shorter than it was where the file has been written over.
  std::string read(const Entry& entry) const;

  const std::filesystem::path& path() const { return path_; }
  /// As messages to the author name the file, and as what becomes of messages does.
  std::string name() const { return path_.lexically_normal().string(); }
  std::string short_name() const { return path_.filename().string(); }

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  std::filesystem::path path_;
  std::unique_ptr<std::FILE, Close> file_;
  std::vector<Entry> entries_;
};

/// Mistakes of one file, of which the first `kMaxProblems` are told.
class Mistakes {
 public:
  explicit Mistakes(std::string file) : file_{std::move(file)} {}
  void add(std::uint32_t line, const std::string& mistake);
  void add(const std::string& mistake);
  bool empty() const { return told_.empty(); }
  /// With the number of those beyond.
  std::vector<std::string> take();

 private:
  std::string file_;
  std::vector<std::string> told_;
  std::size_t others_ = 0;
};

}  // namespace slm::replay
