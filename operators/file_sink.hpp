// Sinks that write text files: `write_lines`, `write_csv`.
#pragma once

#include "operators/sink.hpp"
#include "operators/text_form.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace braid {

/// How `write_lines` writes.
struct line_file_options {
  /// What the names of the files end in.
  std::string suffix{};
  /// Replaces the files of an earlier run. Else they are refused.
  bool overwrite = false;
  /// How many files; nothing: as many as the operator before has slices.
  std::optional<std::uint32_t> files{};
  /// Before a checkpoint counts, what was written is on the disk: the machine
  /// may fail, not just the process. The sink waits for the disk meanwhile.
  bool durable = false;
};

/// How `write_csv` writes.
struct csv_file_options {
  std::string suffix = ".csv";
  bool overwrite = false;
  std::optional<std::uint32_t> files{};
  char separator = ',';
  /// The first row of each file names the columns.
  bool header = false;
  bool durable = false; ///< as that of `line_file_options`
};

/// The files of the slices that one partition hosts: one a slice,
/// "part-00000" and so on. A slice's file is written at offsets that follow
/// from what the slice has written before, so writing it again, even by two
/// instances at once, puts the same bytes in the same places.
class part_files {
public:
  /// Opens a file for every hosted slice, whether it will have tuples or not.
  /// `head` is what each begins with. Throws `operator_error`.
  part_files(const sink_context& context, const std::string& directory,
             const line_file_options& options, std::string head = {});
  ~part_files();

  part_files(const part_files&) = delete;
  part_files& operator=(const part_files&) = delete;

  /// Where to append what `slice` writes next.
  std::string& buffer(slice_id slice) {
    return part_of(slice).buffer;
  }

  /// Writes the buffers. From then on a crash of this process loses nothing of
  /// them. Throws `std::runtime_error`.
  void commit();

  /// Brings what is committed to the disk, if that was asked for. Throws
  /// `std::runtime_error`.
  void make_durable();

  /// Brings everything to the disk and closes the files. From then on a power
  /// failure loses nothing. Throws `std::runtime_error`.
  void finish();

  /// How many bytes of `slice` are committed.
  std::uint64_t position(slice_id slice) const {
    return part_of(slice).size;
  }

  /// Throws `std::runtime_error` if what was written before is not there. Cuts
  /// the file there if the run goes back to a savepoint.
  void seek(slice_id slice, std::uint64_t position);

private:
  struct part {
    std::string path;
    int descriptor = -1;
    std::uint64_t size = 0; ///< without the buffer
    std::string buffer{};
    std::uint64_t on_disk = never; ///< of `size`
  };

  static constexpr auto never = ~std::uint64_t{0};

  std::string path_of(slice_id slice) const;
  void open(slice_id slice);
  void remove_others();
  std::uint64_t size_of(const part& file) const;
  void write_buffer(part& to);
  void sync_parts();
  void close_all();

  part& part_of(slice_id slice) {
    return parts_[slices_.local(slice)];
  }

  const part& part_of(slice_id slice) const {
    return parts_[slices_.local(slice)];
  }

  hosted_slices slices_;
  std::string directory_;
  line_file_options options_;
  std::string head_;
  bool resumed_;
  bool goes_back_;
  std::vector<part> parts_;
};

/// Writes a line for each tuple of type `T`.
template <class T, class Format>
class line_file_writer final : public sink_writer<T> {
public:
  line_file_writer(std::unique_ptr<part_files> files, Format format)
    : files_(std::move(files)), format_(std::move(format)) {}

  void write(slice_id slice, std::span<const tuple_view<T>> tuples) override {
    auto& out = files_->buffer(slice);
    for (auto& tuple : tuples)
      append_line(out, *tuple.value, format_);
  }

  void commit(const epoch_info&) override {
    files_->commit();
  }

  void make_durable() override {
    files_->make_durable();
  }

  void finish() override {
    files_->finish();
  }

  std::uint64_t position(slice_id slice) const override {
    return files_->position(slice);
  }

  void seek(slice_id slice, std::uint64_t position) override {
    files_->seek(slice, position);
  }

private:
  std::unique_ptr<part_files> files_;
  Format format_;
};

template <class Format>
class line_file_sink {
public:
  line_file_sink(std::string directory, Format format,
                 line_file_options options)
    : directory_(std::move(directory)), format_(std::move(format)),
      options_(std::move(options)) {}

  std::optional<std::uint32_t> slices() const {
    return options_.files;
  }

  template <class T>
  std::unique_ptr<sink_writer<T>> open(const sink_context& context) const {
    static_assert(line_format<Format, T>,
                  "write_lines needs a function that takes the stream's tuples "
                  "and returns a line, or appends it to a std::string&");
    return std::make_unique<line_file_writer<T, Format>>(
      std::make_unique<part_files>(context, directory_, options_), format_);
  }

private:
  std::string directory_;
  Format format_;
  line_file_options options_;
};

class csv_file_sink {
public:
  /// Throws `topology_error` for a separator that separates nothing.
  csv_file_sink(std::string directory, csv_file_options options);

  std::optional<std::uint32_t> slices() const {
    return options_.files;
  }

  template <class T>
  std::unique_ptr<sink_writer<T>> open(const sink_context& context) const {
    auto format = [separator = options_.separator](const T& tuple,
                                                   std::string& out) {
      append_csv_row(out, tuple, separator);
    };
    std::vector<std::string> names;
    if (options_.header)
      append_column_names<T>(names);
    return std::make_unique<line_file_writer<T, decltype(format)>>(
      open_files(context, names), format);
  }

private:
  std::unique_ptr<part_files>
  open_files(const sink_context& context,
             const std::vector<std::string>& names) const;

  std::string directory_;
  csv_file_options options_;
};

/// Writes text files into `directory`, which is made if need be. The format is
/// a function of a tuple that returns a line or appends it to a `std::string&`;
/// without one a line holds the fields of a tuple with spaces between.
template <class Format = as_words>
line_file_sink<Format> write_lines(std::string directory, Format format = {},
                                   line_file_options options = {}) {
  return {std::move(directory), std::move(format), std::move(options)};
}

/// Writes CSV files into `directory`, which is made if need be. A tuple is a
/// number, a string, a `keyed_value`, pair or tuple, or has `braid::columns`.
csv_file_sink write_csv(std::string directory, csv_file_options options = {});

} // namespace braid
