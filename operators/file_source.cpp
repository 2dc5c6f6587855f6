#include "operators/file_source.hpp"

#include "operators/input_file.hpp"
#include "operators/topology_error.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <string_view>

namespace braid {

namespace {

/// `a + b`, or the greatest number there is.
std::uint64_t saturated_sum(std::uint64_t a, std::uint64_t b) {
  return a + std::min(b, ~a);
}

/// Reads the lines that begin at offsets `begin` to `end` of a file.
///
/// Keeps a position and nothing else between reads: hundreds of splits may be
/// read in turn on one partition, and the memory for a buffer of each would
/// push everything else out of the caches.
class line_reader final : public source_reader<std::string> {
public:
  line_reader(std::shared_ptr<const input_file> file, std::uint64_t begin,
              std::uint64_t end, const line_options& options)
    : file_(std::move(file)), begin_(begin), end_(end), position_(begin),
      options_(options) {}

  source_status read(emitter<std::string>& out,
                     const read_limits& limits) override {
    if (position_ >= end_)
      return source_status::ended;
    input_window window{*file_};
    if (position_ == begin_)
      skip_to_first_line(window);
    auto stop = std::min(end_, saturated_sum(position_, limits.bytes));
    if (limits.until)
      stop = std::min(stop, *limits.until);
    auto left = limits.tuples;
    while (left > 0 && position_ < stop) {
      auto text = load_lines(window, left, stop);
      left -= emit_lines(text, window.at_end(), left, stop, out);
    }
    return position_ < end_ ? source_status::more : source_status::ended;
  }

  std::uint64_t position() const override {
    return position_;
  }

  void seek(std::uint64_t position) override {
    if (position < begin_ || position > file_->size())
      throw std::runtime_error{
        "cannot continue '" + file_->path() + "' at byte "
        + std::to_string(position) + ": this split reads bytes "
        + std::to_string(begin_) + " to " + std::to_string(end_)
        + "; start over if the input has changed"};
    position_ = position;
  }

private:
  /// A line that began before this split belongs to the one before. Does
  /// nothing the second time.
  void skip_to_first_line(input_window& window) {
    if (begin_ == 0)
      return;
    // A line begins behind each newline from here on.
    for (auto at = begin_ - 1; at + 1 < end_;) {
      auto text = window.load(
        at, std::min<std::uint64_t>(input_window::usual_bytes, end_ - 1 - at));
      if (auto newline = text.find('\n'); newline != text.npos) {
        position_ = at + newline + 1;
        return;
      }
      at += text.size();
    }
    position_ = end_;
  }

  /// At least one whole line from the position on, and about as many bytes as
  /// will be used.
  std::string_view load_lines(input_window& window, std::uint64_t lines,
                              std::uint64_t stop) {
    constexpr auto usual = input_window::usual_bytes;
    prefetch();
    auto bytes = stop - position_ + usual_line_;
    if (lines < usual / usual_line_)
      bytes = std::min(bytes, (lines + 1) * usual_line_);
    auto text = window.load(
      position_, std::clamp<std::uint64_t>(bytes, smallest_read, usual));
    while (text.find('\n') == text.npos && !window.at_end()) {
      if (text.size() > options_.max_line_bytes)
        fail_too_long();
      text = window.extend();
    }
    return text;
  }

  /// Emits lines that begin before `stop`, at most `left` of them, and returns
  /// how many. A piece of a line at the end of `text` is left for the next
  /// time, unless the file ends there.
  std::uint64_t emit_lines(std::string_view text, bool at_file_end,
                           std::uint64_t left, std::uint64_t stop,
                           emitter<std::string>& out) {
    auto* at = text.data();
    auto* end = at + text.size();
    auto* last = at + std::min<std::uint64_t>(text.size(), stop - position_);
    std::uint64_t lines = 0;
    while (lines < left && at < last) {
      auto* newline = static_cast<const char*>(
        std::memchr(at, '\n', static_cast<std::size_t>(end - at)));
      if (!newline && !at_file_end)
        break;
      auto* next = newline ? newline + 1 : end;
      out.emit(line_between(at, newline ? newline : end, newline));
      at = next;
      ++lines;
    }
    auto used = static_cast<std::uint64_t>(at - text.data());
    position_ += used;
    if (lines > 0)
      usual_line_ = used / lines + 1;
    return lines;
  }

  std::string line_between(const char* begin, const char* end,
                           bool has_newline) const {
    auto size = static_cast<std::size_t>(end - begin);
    if (size > options_.max_line_bytes)
      fail_too_long();
    if (has_newline && size > 0 && end[-1] == '\r'
        && !options_.keep_carriage_return)
      --size;
    return {begin, size};
  }

  [[noreturn]] void fail_too_long() const {
    throw std::runtime_error{
      "'" + file_->path() + "' has a line of more than "
      + std::to_string(options_.max_line_bytes) + " bytes, near byte "
      + std::to_string(position_)
      + "; raise line_options::max_line_bytes if it is text all the same"};
  }

  // With splits that take turns the system does not see a file read in order.
  void prefetch() {
    if (position_ < prefetched_)
      return;
    file_->prefetch(position_, prefetch_bytes);
    prefetched_ = position_ + prefetch_bytes / 2;
  }

  static constexpr std::uint64_t smallest_read = 1024;
  static constexpr std::uint64_t prefetch_bytes = 1 << 20;

  std::shared_ptr<const input_file> file_;
  std::uint64_t begin_;
  std::uint64_t end_;
  std::uint64_t position_;
  line_options options_;
  std::uint64_t usual_line_ = 128; ///< bytes, as of the last read
  std::uint64_t prefetched_ = 0;
};

} // namespace

// -- line_source --------------------------------------------------------------

/// Which split is which part of which file.
class line_source::plan {
public:
  plan(std::vector<std::string> paths, const line_options& options)
    : files_(std::move(paths)), options_(options) {}

  std::uint32_t splits() const {
    std::uint64_t result = 0;
    for (auto& file : files_.entries())
      result += splits_of(file);
    if (result > max_slices)
      throw topology_error{
        "read_lines would make " + std::to_string(result)
        + " splits, more than " + std::to_string(max_slices)
        + "; raise line_options::split_bytes, or use fewer, larger files"};
    return static_cast<std::uint32_t>(result);
  }

  std::unique_ptr<source_reader<std::string>> open(std::uint64_t split) const {
    auto& files = files_.entries();
    std::size_t index = 0;
    while (index < files.size() && split >= splits_of(files[index]))
      split -= splits_of(files[index++]);
    if (index == files.size())
      throw std::runtime_error{"read_lines finds less input than when the "
                               "topology was started; every node must see the "
                               "same files"};
    auto begin = split * options_.split_bytes;
    auto end =
      std::min(saturated_sum(begin, options_.split_bytes), files[index].size);
    return std::make_unique<line_reader>(files_.open(index), begin, end,
                                         options_);
  }

private:
  /// An empty file has one split, too, so that there is always a source.
  std::uint64_t splits_of(const input_files::entry& file) const {
    auto whole = file.size / options_.split_bytes;
    auto rest = file.size % options_.split_bytes != 0;
    return std::max<std::uint64_t>(1, whole + rest);
  }

  input_files files_;
  line_options options_;
};

line_source::line_source(std::vector<std::string> paths,
                         const line_options& options)
  : plan_(std::make_shared<plan>(std::move(paths), options)) {
  if (options.split_bytes == 0)
    throw topology_error{"line_options::split_bytes is 0; give at least 1"};
}

std::uint32_t line_source::splits() const {
  return plan_->splits();
}

std::unique_ptr<source_reader<std::string>>
line_source::open(std::uint32_t split, const source_context&) const {
  return plan_->open(split);
}

line_source read_lines(std::vector<std::string> paths,
                       const line_options& options) {
  return {std::move(paths), options};
}

line_source read_lines(std::initializer_list<std::string> paths,
                       const line_options& options) {
  return {std::vector<std::string>{paths}, options};
}

line_source read_lines(std::string path, const line_options& options) {
  return {std::vector<std::string>{std::move(path)}, options};
}

} // namespace braid
