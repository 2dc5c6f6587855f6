#include "operators/csv_row.hpp"

#include <algorithm>
#include <cassert>

namespace braid {

// -- csv_row ------------------------------------------------------------------

std::size_t csv_row::column_of(std::string_view name) const {
  auto& names = *names_;
  for (std::size_t column = 0; column < names.size(); ++column)
    if (names[column] == name)
      return column;
  if (names.empty())
    fail_at(0, "column '" + std::string{name}
                 + "' is asked for by name, but the file is read without a "
                   "header; set csv_options::header or give its number");
  std::string known;
  for (auto& other : names)
    known += (known.empty() ? "'" : ", '") + other + "'";
  throw csv_error{file_->place_of(0) + ": there is no column '"
                  + std::string{name} + "', only " + known};
}

void csv_row::fail(std::size_t column, const std::string& problem) const {
  constexpr std::size_t most = 60;
  std::string text{(*this)[column]};
  if (text.size() > most)
    text = text.substr(0, most) + "...";
  auto name = column < names_->size() ? "field '" + (*names_)[column] + "'"
                                      : "field " + std::to_string(column);
  auto message = name + " is '" + text + "', which " + problem;
  if (names_->empty() && offset_ == 0)
    message += "; if the first row names the columns, set csv_options::header";
  fail_at(fields_[column].raw_begin, message);
}

void csv_row::fail_missing(std::size_t column) const {
  fail_at(text_.empty() ? 0 : fields_.front().raw_begin,
          "field " + std::to_string(column) + " is asked for, but the row has "
            + std::to_string(fields_.size()) + " fields, counted from 0");
}

void csv_row::fail_at(std::size_t text_offset,
                      const std::string& message) const {
  throw csv_error{file_->place_of(offset_ + text_offset) + ": " + message};
}

// -- csv_row_parser -----------------------------------------------------------

csv_row_parser::csv_row_parser(csv_row& row, char separator, bool at_end)
  : row_(&row), text_(row.text_), separator_(separator), at_end_(at_end) {
  row.fields_.clear();
  row.unescaped_.clear();
}

csv_row_parser::result csv_row_parser::parse() {
  skip_blank_lines();
  if (at_ == text_.size())
    return at_end_ ? result::none : result::incomplete;
  auto done = step::field;
  while (done == step::field)
    done =
      at_ < text_.size() && text_[at_] == '"' ? take_quoted() : take_plain();
  return done == step::row ? result::row : result::incomplete;
}

void csv_row_parser::skip_blank_lines() {
  while (at_ < text_.size()) {
    auto blank = text_.substr(at_, 2) == "\r\n" ? 2U : text_[at_] == '\n';
    if (blank == 0)
      return;
    at_ += blank;
  }
}

csv_row_parser::step csv_row_parser::take_plain() {
  auto begin = at_;
  auto* data = text_.data();
  auto end = at_;
  while (end < text_.size() && data[end] != separator_ && data[end] != '\n'
         && data[end] != '"')
    ++end;
  if (end == text_.size()) {
    if (!at_end_)
      return step::incomplete;
    add(begin, end, begin);
    at_ = end;
    return step::row;
  }
  at_ = end + 1;
  if (data[end] == separator_) {
    add(begin, end, begin);
    return step::field;
  }
  if (data[end] == '"')
    row_->fail_at(end, "a quote inside a field that is not quoted; quote the "
                       "whole field and double the quotes in it");
  if (end > begin && data[end - 1] == '\r')
    --end;
  add(begin, end, begin);
  return step::row;
}

csv_row_parser::step csv_row_parser::take_quoted() {
  auto begin = at_ + 1;
  auto doubled = false;
  for (auto end = begin;; end += 2) {
    end = text_.find('"', end);
    if (end == text_.npos) {
      if (!at_end_)
        return step::incomplete;
      row_->fail_at(at_, "this quote is never closed");
    }
    if (end + 1 == text_.size() || text_[end + 1] != '"')
      return end_of_quoted(begin, end, doubled);
    doubled = true;
  }
}

/// `end` is where the closing quote stands.
csv_row_parser::step csv_row_parser::end_of_quoted(std::size_t begin,
                                                   std::size_t end,
                                                   bool doubled) {
  auto rest = text_.substr(end + 1);
  // Whether the quote closes the field, or is one of two, is not known yet.
  if (!at_end_ && (rest.empty() || rest == "\r"))
    return step::incomplete;
  auto newline = rest.starts_with("\r\n") ? 2U : rest.starts_with('\n');
  auto separated = !rest.empty() && rest.front() == separator_;
  if (!rest.empty() && newline == 0 && !separated)
    row_->fail_at(end + 1, "text behind the closing quote of a field; double "
                           "the quotes that are part of it");
  if (doubled)
    add_unescaped(begin, end);
  else
    add(begin, end, begin - 1);
  at_ = end + 1 + (separated ? 1 : newline);
  return separated ? step::field : step::row;
}

void csv_row_parser::add(std::size_t begin, std::size_t end,
                         std::size_t raw_begin) {
  row_->fields_.push_back({begin, end - begin, raw_begin, false});
}

void csv_row_parser::add_unescaped(std::size_t begin, std::size_t end) {
  auto& into = row_->unescaped_;
  auto first = into.size();
  for (auto i = begin; i < end; ++i) {
    into += text_[i];
    if (text_[i] == '"')
      ++i;
  }
  row_->fields_.push_back({first, into.size() - first, begin - 1, true});
}

} // namespace braid
