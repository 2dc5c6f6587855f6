// Aligned tables for terminals.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace braid {

enum class alignment_of_text : std::uint8_t { left, right };

struct table_column {
  std::string title;
  alignment_of_text where = alignment_of_text::left;
};

/// Rows of cells in UTF-8; every character counts as one column wide.
class text_table {
public:
  /// Adds to a cell what takes no room, such as colour.
  using emphasis = std::function<std::string(const std::string& cell)>;

  explicit text_table(std::vector<table_column> columns);

  /// `cells` may be fewer than there are columns.
  void add(std::vector<std::string> cells);

  /// Titles and rows, a line each, with two spaces between columns and none at
  /// the ends of lines. Control characters in cells are replaced.
  std::string print(const emphasis& emphasise = {}) const;

private:
  std::string line(const std::vector<std::string>& cells,
                   const emphasis& emphasise) const;

  std::vector<table_column> columns_;
  std::vector<std::size_t> widths_;
  std::vector<std::vector<std::string>> rows_;
};

/// How many characters `text` has, which is UTF-8.
std::size_t characters_of(const std::string& text);

} // namespace braid
