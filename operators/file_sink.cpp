#include "operators/file_sink.hpp"

#include "operators/topology_error.hpp"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <filesystem>
#include <future>
#include <stdexcept>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace braid {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view part_prefix = "part-";

std::string write_problem(int error) {
  auto result = std::generic_category().message(error);
  if (error == ENOSPC || error == EDQUOT)
    result += "; make room and start again";
  if (error == EMFILE)
    result += "; raise `ulimit -n`, or ask the sink for fewer files";
  return result;
}

[[noreturn]] void fail(const std::string& what, const std::string& path) {
  auto error = errno;
  throw std::runtime_error{"cannot " + what + " '" + path
                           + "': " + write_problem(error)};
}

/// The slice that a file of an earlier run, or of this one, belongs to.
std::optional<slice_id> slice_of_file(const std::string& name) {
  if (!name.starts_with(part_prefix))
    return std::nullopt;
  slice_id slice = 0;
  auto* digits = name.data() + part_prefix.size();
  auto [end, error] = std::from_chars(digits, name.data() + name.size(), slice);
  return error == std::errc{} ? std::optional{slice} : std::nullopt;
}

void sync(int descriptor, const std::string& path) {
  // Pipes and devices cannot be synced, and need not be.
  if (fsync(descriptor) != 0 && errno != EINVAL && errno != EROFS)
    fail("bring to the disk", path);
}

void sync_directory(const std::string& path) {
  auto descriptor = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0)
    fail("open", path);
  auto failed = fsync(descriptor) != 0 && errno != EINVAL;
  auto error = errno;
  close(descriptor);
  errno = error;
  if (failed)
    fail("bring to the disk", path);
}

} // namespace

// -- part_files ---------------------------------------------------------------

part_files::part_files(const sink_context& context,
                       const std::string& directory,
                       const line_file_options& options, std::string head)
  : slices_(context.slices), directory_(directory), options_(options),
    head_(std::move(head)), resumed_(context.resumed),
    goes_back_(context.goes_back) {
  try {
    std::error_code error;
    fs::create_directories(directory_, error);
    if (error)
      throw std::runtime_error{"cannot make the directory '" + directory_
                               + "': " + error.message()};
    remove_others();
    for (auto slice : slices_.ids())
      open(slice);
  } catch (const std::exception& error) {
    close_all();
    throw operator_error{"sink '" + context.name + "': " + error.what()};
  }
}

part_files::~part_files() {
  close_all();
}

std::string part_files::path_of(slice_id slice) const {
  auto number = std::to_string(slice);
  number.insert(0, number.size() < 5 ? 5 - number.size() : 0, '0');
  return (fs::path{directory_} / (std::string{part_prefix} + number)).string()
         + options_.suffix;
}

void part_files::open(slice_id slice) {
  auto& to = parts_.emplace_back(part{path_of(slice)});
  to.buffer = head_;
  to.descriptor = ::open(to.path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
  if (to.descriptor < 0)
    fail("open", to.path);
  if (resumed_ || size_of(to) == 0)
    return;
  if (!options_.overwrite)
    throw std::runtime_error{"'" + to.path
                             + "' is there already; remove it, write "
                               "elsewhere, or set the option overwrite"};
  if (ftruncate(to.descriptor, 0) != 0)
    fail("empty", to.path);
}

/// An earlier run may have had more slices. Its files would be taken for this
/// run's.
void part_files::remove_others() {
  if (resumed_ || slices_.size() == 0 || slices_.id(0) != 0)
    return;
  for (auto& entry : fs::directory_iterator{directory_}) {
    auto slice = slice_of_file(entry.path().filename().string());
    if (!slice || *slice < slices_.total())
      continue;
    if (!options_.overwrite)
      throw std::runtime_error{"'" + entry.path().string()
                               + "' is left of another run; remove it, write "
                                 "elsewhere, or set the option overwrite"};
    fs::remove(entry.path());
  }
}

std::uint64_t part_files::size_of(const part& file) const {
  struct stat status {};
  if (fstat(file.descriptor, &status) != 0)
    fail("inspect", file.path);
  return static_cast<std::uint64_t>(status.st_size);
}

void part_files::commit() {
  for (auto& to : parts_)
    if (!to.buffer.empty())
      write_buffer(to);
}

void part_files::write_buffer(part& to) {
  assert(to.descriptor >= 0);
  std::size_t done = 0;
  while (done < to.buffer.size()) {
    auto written =
      pwrite(to.descriptor, to.buffer.data() + done, to.buffer.size() - done,
             static_cast<off_t>(to.size + done));
    if (written < 0 && errno != EINTR)
      fail("write", to.path);
    if (written > 0)
      done += static_cast<std::size_t>(written);
  }
  to.size += done;
  to.buffer.clear();
}

void part_files::make_durable() {
  if (!options_.durable)
    return;
  auto has_new = std::any_of(parts_.begin(), parts_.end(),
                             [](auto& each) { return each.on_disk == never; });
  sync_parts();
  if (has_new)
    sync_directory(directory_);
}

void part_files::finish() {
  commit();
  sync_parts();
  for (auto& to : parts_)
    if (close(std::exchange(to.descriptor, -1)) != 0)
      fail("close", to.path);
  sync_directory(directory_);
}

/// Several at a time: a file system brings to the disk together what waits at
/// the same time, which makes this about ten times as fast.
void part_files::sync_parts() {
  constexpr std::size_t at_a_time = 16;
  std::vector<part*> parts;
  for (auto& each : parts_)
    if (each.size != each.on_disk)
      parts.push_back(&each);
  std::vector<std::future<void>> done;
  for (std::size_t first = 0; first < std::min(at_a_time, parts.size());
       ++first)
    done.push_back(std::async(std::launch::async, [&parts, first] {
      for (auto i = first; i < parts.size(); i += at_a_time) {
        sync(parts[i]->descriptor, parts[i]->path);
        parts[i]->on_disk = parts[i]->size;
      }
    }));
  for (auto& result : done)
    result.get();
}

void part_files::seek(slice_id slice, std::uint64_t position) {
  auto& to = part_of(slice);
  if (auto there = size_of(to); there < position)
    throw std::runtime_error{
      "'" + to.path + "' has " + std::to_string(there) + " bytes where "
      + std::to_string(position)
      + " were written; every node that may run the sink must see the same "
        "directory"};
  if (goes_back_ && ftruncate(to.descriptor, static_cast<off_t>(position)) != 0)
    fail("cut", to.path);
  to.size = position;
  to.on_disk = never;
  to.buffer = position == 0 ? head_ : "";
}

void part_files::close_all() {
  for (auto& to : parts_)
    if (to.descriptor >= 0)
      close(std::exchange(to.descriptor, -1));
}

// -- csv_file_sink ------------------------------------------------------------

csv_file_sink::csv_file_sink(std::string directory, csv_file_options options)
  : directory_(std::move(directory)), options_(std::move(options)) {
  constexpr std::string_view taken = "\"\n\r+-.0123456789";
  if (taken.find(options_.separator) != taken.npos)
    throw topology_error{"csv_file_options::separator is a quote, the end of a "
                         "line or part of a number; give another character, "
                         "like ',' or '\\t'"};
}

std::unique_ptr<part_files>
csv_file_sink::open_files(const sink_context& context,
                          const std::vector<std::string>& names) const {
  std::string head;
  for (auto& name : names) {
    if (!head.empty())
      head += options_.separator;
    auto begin = head.size();
    head += name;
    quote_csv_field(head, begin, options_.separator);
  }
  if (!names.empty())
    head += '\n';
  return std::make_unique<part_files>(
    context, directory_,
    line_file_options{options_.suffix, options_.overwrite, options_.files,
                      options_.durable},
    head);
}

csv_file_sink write_csv(std::string directory, csv_file_options options) {
  return {std::move(directory), std::move(options)};
}

} // namespace braid
