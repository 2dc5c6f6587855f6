// Input files: which ones a source reads, and reading them by offset.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace braid {

/// A file open for reading; any number of threads may read it at once.
class input_file {
public:
  /// Opens the first `size` bytes of a file; what others append meanwhile is
  /// not read. Throws `std::runtime_error` if it is gone or has become shorter.
  input_file(std::string path, std::uint64_t size);
  ~input_file();

  input_file(const input_file&) = delete;
  input_file& operator=(const input_file&) = delete;

  const std::string& path() const {
    return path_;
  }

  std::uint64_t size() const {
    return size_;
  }

  /// Reads up to `count` bytes from `offset`, fewer only at the end of the
  /// file, and returns how many. Throws `std::runtime_error`.
  std::size_t read(std::uint64_t offset, char* to, std::size_t count) const;

  /// Where byte `offset` is found in an editor: "path:line:column", from 1.
  /// Reads the file up to there.
  std::string place_of(std::uint64_t offset) const;

  /// Asks for bytes that will be read soon.
  void prefetch(std::uint64_t offset, std::size_t count) const;

private:
  std::string path_;
  std::uint64_t size_;
  int descriptor_ = -1;
};

/// A stretch of an input file in memory. Takes its memory from a store of this
/// thread, so it is cheap to make one for each read.
class input_window {
public:
  /// About this much is worth reading at once.
  static constexpr std::size_t usual_bytes = 256 * 1024;

  explicit input_window(const input_file& file);
  ~input_window();

  input_window(const input_window&) = delete;
  input_window& operator=(const input_window&) = delete;

  /// The `count` bytes from `offset`, fewer only at the end of the file. Valid
  /// until the next call.
  std::string_view load(std::uint64_t offset, std::size_t count);

  /// What `load` returned and at least as much again, if the file has it.
  std::string_view extend();

  /// What is loaded from `offset` on; empty if that is elsewhere.
  std::string_view from(std::uint64_t offset) const {
    if (offset < offset_ || offset > offset_ + size_)
      return {};
    auto skipped = static_cast<std::size_t>(offset - offset_);
    return {memory_.data() + skipped, size_ - skipped};
  }

  /// Whether what was loaded reaches the end of the file.
  bool at_end() const {
    return offset_ + size_ >= file_->size();
  }

private:
  void read_up_to(std::size_t count);

  const input_file* file_;
  std::vector<char> memory_;
  std::uint64_t offset_ = 0;
  std::size_t size_ = 0;
};

/// The input files of a source, looked up when they are first asked for and
/// never again: every split of a run must see the same. Thread-safe.
class input_files {
public:
  struct entry {
    std::string path;
    std::uint64_t size = 0;
  };

  /// `paths` are regular files, or directories whose regular files are meant,
  /// in the order of their names, without those that begin with a dot.
  explicit input_files(std::vector<std::string> paths)
    : paths_(std::move(paths)) {}

  /// Throws `topology_error` if a path cannot be read.
  const std::vector<entry>& entries() const;

  /// Opens the file at `index`; it is open once, however many ask for it.
  std::shared_ptr<const input_file> open(std::size_t index) const;

private:
  std::vector<std::string> paths_;
  mutable std::mutex mutex_;
  mutable std::vector<entry> entries_;
  mutable std::vector<std::weak_ptr<const input_file>> open_;
};

} // namespace braid
