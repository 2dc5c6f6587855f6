// A source of rows from CSV files (RFC 4180): `read_csv`.
#pragma once

#include "operators/csv_row.hpp"
#include "operators/input_file.hpp"
#include "operators/source.hpp"

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace braid {

/// How `read_csv` reads.
struct csv_options {
  char separator = ',';
  /// The first row of each file names the columns; all rows have as many.
  bool header = false;
  /// A longer row is an error: most likely a quote is not closed.
  std::uint64_t max_row_bytes = 16 << 20;
};

/// Walks through the rows of one file.
class csv_file {
public:
  csv_file(std::shared_ptr<const input_file> file, const csv_options& options);

  csv_file(const csv_file&) = delete;
  csv_file& operator=(const csv_file&) = delete;

  const input_file& file() const {
    return *file_;
  }

  /// Where the next row begins, or blank lines or a header before it; a row is
  /// the next one until it is accepted.
  std::uint64_t position() const {
    return position_;
  }

  /// Throws `std::runtime_error` for a position that the file has not.
  void seek(std::uint64_t position);

  /// Makes the next row `row()`; false, and the position there, at the end of
  /// the file. Throws `csv_error`. `wanted` is how much is worth reading at
  /// once.
  bool next(input_window& window, std::uint64_t wanted);

  /// Moves behind the row.
  void accept() {
    position_ = row_end_;
  }

  /// Valid until the window changes.
  const csv_row& row() const {
    return row_;
  }

  /// Of a row, in bytes, about.
  std::uint64_t usual_row() const {
    return usual_row_;
  }

private:
  void start(input_window& window);
  bool find_row(input_window& window, std::uint64_t wanted);

  std::shared_ptr<const input_file> file_;
  csv_options options_;
  std::vector<std::string> names_;
  csv_row row_;
  std::uint64_t position_ = 0;
  std::uint64_t row_end_ = 0;
  std::uint64_t usual_row_ = 128;
  bool started_ = false;
};

/// Reads one CSV file. A position is an offset in the file.
template <class T, class Parse>
class csv_reader final : public source_reader<T> {
public:
  csv_reader(std::shared_ptr<const input_file> file, const csv_options& options,
             Parse parse)
    : rows_(std::move(file), options), parse_(std::move(parse)) {}

  source_status read(emitter<T>& out, const read_limits& limits) override {
    input_window window{rows_.file()};
    auto stop = rows_.position() + std::min(limits.bytes, ~rows_.position());
    if (limits.until)
      stop = std::min(stop, *limits.until);
    for (auto left = limits.tuples; left > 0 && rows_.position() < stop;
         --left) {
      auto wanted = std::min(std::min(left, most_rows) * rows_.usual_row(),
                             stop - rows_.position());
      if (!rows_.next(window, wanted + rows_.usual_row()))
        break;
      out.emit(parse_(rows_.row()));
      rows_.accept();
    }
    return rows_.position() < rows_.file().size() ? source_status::more
                                                  : source_status::ended;
  }

  std::uint64_t position() const override {
    return rows_.position();
  }

  void seek(std::uint64_t position) override {
    rows_.seek(position);
  }

private:
  /// More are not read at once; keeps the product small.
  static constexpr std::uint64_t most_rows = input_window::usual_bytes;

  csv_file rows_;
  Parse parse_;
};

/// Which files `read_csv` reads; each is one split, since a row that spans
/// lines can be told from several rows only from the start.
class csv_input {
public:
  csv_input(std::vector<std::string> paths, const csv_options& options);

  std::uint32_t splits() const;

  std::shared_ptr<const input_file> open(std::uint32_t split) const;

  const csv_options& options() const {
    return options_;
  }

private:
  std::shared_ptr<const input_files> files_;
  csv_options options_;
};

template <class T, class Parse>
class csv_source {
public:
  using value_type = T;

  csv_source(csv_input input, Parse parse)
    : input_(std::move(input)), parse_(std::move(parse)) {}

  std::uint32_t splits() const {
    return input_.splits();
  }

  std::unique_ptr<source_reader<T>> open(std::uint32_t split,
                                         const source_context&) const {
    return std::make_unique<csv_reader<T, Parse>>(input_.open(split),
                                                  input_.options(), parse_);
  }

private:
  csv_input input_;
  Parse parse_;
};

/// Reads CSV files; `parse(const csv_row&)` turns a row into a tuple. Fields
/// may be quoted and then hold separators, doubled quotes and newlines; blank
/// lines are skipped. `paths` are as for `read_lines`.
template <class T = void, std::invocable<const csv_row&> Parse>
auto read_csv(std::vector<std::string> paths, Parse parse,
              const csv_options& options = {}) {
  using parsed =
    std::remove_cvref_t<std::invoke_result_t<const Parse&, const csv_row&>>;
  using tuple = std::conditional_t<std::is_void_v<T>, parsed, T>;
  return csv_source<tuple, Parse>{csv_input{std::move(paths), options},
                                  std::move(parse)};
}

template <class T = void, std::invocable<const csv_row&> Parse>
auto read_csv(std::initializer_list<std::string> paths, Parse parse,
              const csv_options& options = {}) {
  return read_csv<T>(std::vector<std::string>{paths}, std::move(parse),
                     options);
}

template <class T = void, std::invocable<const csv_row&> Parse>
auto read_csv(std::string path, Parse parse, const csv_options& options = {}) {
  return read_csv<T>(std::vector<std::string>{std::move(path)},
                     std::move(parse), options);
}

} // namespace braid
