// A source of text lines from files: `read_lines`.
#pragma once

#include "operators/source.hpp"

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

namespace braid {

/// How `read_lines` reads.
struct line_options {
  /// A file is split every so many bytes; a line belongs to the split in which
  /// it begins. How many splits there are is the most partitions that can read.
  std::uint64_t split_bytes = 4 << 20;
  /// Else a line that ends in CR LF loses both.
  bool keep_carriage_return = false;
  /// A longer line is an error.
  std::uint64_t max_line_bytes = 64 << 20;
};

/// The lines of text files, without their newlines. A position is the offset in
/// the file at which the next line begins.
class line_source {
public:
  using value_type = std::string;

  line_source(std::vector<std::string> paths, const line_options& options);

  /// Follows from the sizes of the files and `split_bytes` alone. Throws
  /// `topology_error` if a file cannot be read.
  std::uint32_t splits() const;

  std::unique_ptr<source_reader<std::string>>
  open(std::uint32_t split, const source_context& context) const;

private:
  class plan;

  std::shared_ptr<const plan> plan_;
};

/// Reads text files line by line. A path is a file, or a directory whose files
/// are meant (in the order of their names, without those that begin with a
/// dot). They must be the same on all nodes, and must not change meanwhile.
line_source read_lines(std::vector<std::string> paths,
                       const line_options& options = {});

line_source read_lines(std::initializer_list<std::string> paths,
                       const line_options& options = {});

line_source read_lines(std::string path, const line_options& options = {});

} // namespace braid
