// A sink that prints: `print`.
#pragma once

#include "operators/sink.hpp"
#include "operators/text_form.hpp"

#include <cerrno>
#include <cstdio>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

namespace braid {

/// Prints the lines of an epoch when it is complete. What is printed cannot be
/// taken back: after a failure, the lines of epochs that are executed again
/// appear twice.
template <class T, class Format>
class print_writer final : public sink_writer<T> {
public:
  print_writer(Format format, std::FILE* to)
    : format_(std::move(format)), to_(to) {}

  void write(slice_id, std::span<const tuple_view<T>> tuples) override {
    for (auto& tuple : tuples)
      append_line(text_, *tuple.value, format_);
  }

  void commit(const epoch_info&) override {
    if (text_.empty())
      return;
    auto written = std::fwrite(text_.data(), 1, text_.size(), to_);
    auto complete = written == text_.size() && std::fflush(to_) == 0;
    text_.clear();
    if (!complete)
      throw std::runtime_error{"cannot print: "
                               + std::generic_category().message(errno)};
  }

private:
  Format format_;
  std::FILE* to_;
  std::string text_;
};

template <class Format>
class print_sink {
public:
  print_sink(Format format, std::FILE* to)
    : format_(std::move(format)), to_(to) {}

  /// One, so that there is one order of the lines.
  std::optional<std::uint32_t> slices() const {
    return 1;
  }

  template <class T>
  std::unique_ptr<sink_writer<T>> open(const sink_context&) const {
    static_assert(line_format<Format, T>,
                  "print needs a function that takes the stream's tuples and "
                  "returns a line, or appends it to a std::string&");
    return std::make_unique<print_writer<T, Format>>(format_, to_);
  }

private:
  Format format_;
  std::FILE* to_;
};

/// Prints a line for each tuple, on the standard output of the node that runs
/// the sink. The format is as for `write_lines`.
template <class Format = as_words>
print_sink<Format> print(Format format = {}, std::FILE* to = stdout) {
  return {std::move(format), to};
}

} // namespace braid
