#include "tools/text_table.hpp"

#include <algorithm>
#include <cassert>

namespace braid {

namespace {

constexpr auto gap = "  ";

/// One that a terminal would obey instead of showing it.
bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

} // namespace

std::size_t characters_of(const std::string& text) {
  return static_cast<std::size_t>(
    std::count_if(text.begin(), text.end(), [](char c) {
      return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    }));
}

text_table::text_table(std::vector<table_column> columns)
  : columns_(std::move(columns)) {
  for (auto& column : columns_)
    widths_.push_back(characters_of(column.title));
}

void text_table::add(std::vector<std::string> cells) {
  assert(cells.size() <= columns_.size());
  for (std::size_t i = 0; i < cells.size(); ++i) {
    std::replace_if(cells[i].begin(), cells[i].end(), is_control, '?');
    widths_[i] = std::max(widths_[i], characters_of(cells[i]));
  }
  rows_.push_back(std::move(cells));
}

std::string text_table::print(const emphasis& emphasise) const {
  std::vector<std::string> titles;
  for (auto& column : columns_)
    titles.push_back(column.title);
  auto result = line(titles, {});
  for (auto& row : rows_)
    result += line(row, emphasise);
  return result;
}

std::string text_table::line(const std::vector<std::string>& cells,
                             const emphasis& emphasise) const {
  std::string result;
  // Spaces are held back until something follows them.
  std::string spaces;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    std::string padding(widths_[i] - characters_of(cells[i]), ' ');
    auto shown =
      emphasise && !cells[i].empty() ? emphasise(cells[i]) : cells[i];
    auto right = columns_[i].where == alignment_of_text::right;
    if (right)
      spaces += padding;
    if (!shown.empty()) {
      result += spaces + shown;
      spaces.clear();
    }
    spaces += (right ? "" : padding) + gap;
  }
  return result + '\n';
}

} // namespace braid
