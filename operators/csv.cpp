#include "operators/csv.hpp"

#include "operators/topology_error.hpp"

#include <algorithm>

namespace braid {

// -- csv_file -----------------------------------------------------------------

csv_file::csv_file(std::shared_ptr<const input_file> file,
                   const csv_options& options)
  : file_(std::move(file)), options_(options) {
  row_.file_ = file_.get();
}

void csv_file::seek(std::uint64_t position) {
  if (position > file_->size())
    throw std::runtime_error{"cannot continue '" + file_->path() + "' at byte "
                             + std::to_string(position) + " of "
                             + std::to_string(file_->size())
                             + "; start over if the input has changed"};
  position_ = position;
}

bool csv_file::next(input_window& window, std::uint64_t wanted) {
  if (!started_)
    start(window);
  if (!find_row(window, wanted)) {
    accept();
    return false;
  }
  if (!names_.empty() && row_.size() != names_.size())
    row_.fail_at(row_.fields_.front().raw_begin,
                 "this row has " + std::to_string(row_.size())
                   + " fields, the header " + std::to_string(names_.size()));
  usual_row_ = (3 * usual_row_ + row_end_ - position_) / 4 + 1;
  return true;
}

/// A reader that was sent elsewhere needs the header all the same.
void csv_file::start(input_window& window) {
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  auto resume_at = std::exchange(position_, 0);
  row_.names_ = &names_;
  if (window.load(0, byte_order_mark.size()) == byte_order_mark)
    position_ = byte_order_mark.size();
  if (options_.header) {
    if (find_row(window, 4096))
      for (std::size_t column = 0; column < row_.size(); ++column)
        names_.emplace_back(row_[column]);
    accept();
  }
  position_ = std::max(position_, resume_at);
  started_ = true;
}

bool csv_file::find_row(input_window& window, std::uint64_t wanted) {
  constexpr std::uint64_t smallest_read = 1024;
  auto text = window.from(position_);
  while (true) {
    row_.offset_ = position_;
    row_.text_ = text;
    csv_row_parser parser{row_, options_.separator, window.at_end()};
    auto found = parser.parse();
    auto size =
      found == csv_row_parser::result::row ? parser.next() : text.size();
    if (found != csv_row_parser::result::none && size > options_.max_row_bytes)
      row_.fail_at(0, "a row of more than "
                        + std::to_string(options_.max_row_bytes)
                        + " bytes begins here; close its quotes, or raise "
                          "csv_options::max_row_bytes");
    if (found != csv_row_parser::result::incomplete) {
      row_end_ = position_ + parser.next();
      return found == csv_row_parser::result::row;
    }
    wanted = std::clamp<std::uint64_t>(wanted, smallest_read,
                                       input_window::usual_bytes);
    text = window.load(position_, std::max(wanted, 2 * text.size()));
  }
}

// -- csv_input ----------------------------------------------------------------

csv_input::csv_input(std::vector<std::string> paths, const csv_options& options)
  : files_(std::make_shared<input_files>(std::move(paths))), options_(options) {
  if (options.separator == '"' || options.separator == '\n'
      || options.separator == '\r')
    throw topology_error{"csv_options::separator is a quote or the end of a "
                         "line; give another character, like ',' or '\\t'"};
}

std::uint32_t csv_input::splits() const {
  auto files = files_->entries().size();
  if (files > max_slices)
    throw topology_error{"read_csv is to read " + std::to_string(files)
                         + " files, more than " + std::to_string(max_slices)
                         + "; use fewer, larger ones"};
  return static_cast<std::uint32_t>(files);
}

std::shared_ptr<const input_file> csv_input::open(std::uint32_t split) const {
  if (split >= files_->entries().size())
    throw std::runtime_error{"read_csv finds fewer files than when the "
                             "topology was started; every node must see the "
                             "same files"};
  return files_->open(split);
}

} // namespace braid
