#include "operators/input_file.hpp"

#include "operators/topology_error.hpp"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <stdexcept>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace braid {

namespace {

namespace fs = std::filesystem;

std::string read_problem(int error) {
  auto result = std::generic_category().message(error);
  if (error == EMFILE)
    result += "; raise `ulimit -n`, or put the input into fewer files";
  return result;
}

[[noreturn]] void fail_short(const std::string& path, std::uint64_t expected,
                             std::uint64_t found) {
  throw std::runtime_error{
    "'" + path + "' has become shorter: " + std::to_string(expected)
    + " bytes when the topology was started, " + std::to_string(found)
    + " now; input must not change while it is read"};
}

/// One path as the user gave it, or one file of a directory.
input_files::entry inspect(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0)
    throw topology_error{"cannot read '" + path + "': " + read_problem(errno)
                         + "; give the path of an existing file or directory"};
  if (!S_ISREG(status.st_mode))
    throw topology_error{"cannot read '" + path
                         + "': it is neither a regular file nor a directory"};
  if (access(path.c_str(), R_OK) != 0)
    throw topology_error{"cannot read '" + path + "': " + read_problem(errno)
                         + "; give this user the right to read it"};
  return {path, static_cast<std::uint64_t>(status.st_size)};
}

std::vector<input_files::entry> inspect_directory(const std::string& path) {
  std::vector<std::string> files;
  std::error_code error;
  for (fs::directory_iterator at{path, error}, end; !error && at != end;
       at.increment(error)) {
    auto name = at->path().filename().string();
    if (name.front() != '.' && at->is_regular_file())
      files.push_back(at->path().string());
  }
  if (error)
    throw topology_error{"cannot read the directory '" + path
                         + "': " + error.message()};
  if (files.empty())
    throw topology_error{"the directory '" + path
                         + "' holds no files; give one that does"};
  std::sort(files.begin(), files.end());
  std::vector<input_files::entry> result(files.size());
  std::transform(files.begin(), files.end(), result.begin(), inspect);
  return result;
}

std::vector<input_files::entry>
inspect_all(const std::vector<std::string>& paths) {
  if (paths.empty())
    throw topology_error{"a source has no input; give at least one path"};
  std::vector<input_files::entry> result;
  for (auto& path : paths) {
    std::error_code ignored;
    if (!fs::is_directory(path, ignored)) {
      result.push_back(inspect(path));
      continue;
    }
    auto files = inspect_directory(path);
    std::move(files.begin(), files.end(), std::back_inserter(result));
  }
  return result;
}

/// Memory of windows that this thread has closed.
thread_local std::vector<std::vector<char>> spare_memory;

} // namespace

// -- input_file ---------------------------------------------------------------

input_file::input_file(std::string path, std::uint64_t size)
  : path_(std::move(path)), size_(size) {
  descriptor_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor_ < 0)
    throw std::runtime_error{"cannot open '" + path_
                             + "': " + read_problem(errno)};
  struct stat status {};
  if (fstat(descriptor_, &status) == 0
      && static_cast<std::uint64_t>(status.st_size) < size_) {
    close(descriptor_);
    fail_short(path_, size_, static_cast<std::uint64_t>(status.st_size));
  }
}

input_file::~input_file() {
  close(descriptor_);
}

std::size_t input_file::read(std::uint64_t offset, char* to,
                             std::size_t count) const {
  if (offset >= size_)
    return 0;
  count = std::min<std::uint64_t>(count, size_ - offset);
  std::size_t done = 0;
  while (done < count) {
    auto brought = pread(descriptor_, to + done, count - done,
                         static_cast<off_t>(offset + done));
    if (brought < 0 && errno == EINTR)
      continue;
    if (brought < 0)
      throw std::runtime_error{"cannot read '" + path_
                               + "': " + read_problem(errno)};
    if (brought == 0)
      fail_short(path_, size_, offset + done);
    done += static_cast<std::size_t>(brought);
  }
  return done;
}

std::string input_file::place_of(std::uint64_t offset) const {
  input_window window{*this};
  std::uint64_t lines = 0;
  std::uint64_t line_begin = 0;
  std::uint64_t at = 0;
  while (at < std::min(offset, size_)) {
    auto text = window.load(
      at, std::min<std::uint64_t>(input_window::usual_bytes, offset - at));
    lines +=
      static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
    if (auto newline = text.rfind('\n'); newline != text.npos)
      line_begin = at + newline + 1;
    at += text.size();
  }
  return path_ + ":" + std::to_string(lines + 1) + ":"
         + std::to_string(offset - line_begin + 1);
}

void input_file::prefetch(std::uint64_t offset, std::size_t count) const {
  posix_fadvise(descriptor_, static_cast<off_t>(offset),
                static_cast<off_t>(count), POSIX_FADV_WILLNEED);
}

// -- input_window -------------------------------------------------------------

input_window::input_window(const input_file& file) : file_(&file) {
  if (!spare_memory.empty()) {
    memory_ = std::move(spare_memory.back());
    spare_memory.pop_back();
  }
}

input_window::~input_window() {
  // A window that a giant line has blown up is not worth keeping.
  if (memory_.size() <= 2 * usual_bytes)
    spare_memory.push_back(std::move(memory_));
}

std::string_view input_window::load(std::uint64_t offset, std::size_t count) {
  offset_ = offset;
  size_ = 0;
  read_up_to(count);
  return {memory_.data(), size_};
}

std::string_view input_window::extend() {
  read_up_to(2 * std::max<std::size_t>(size_, 4096));
  return {memory_.data(), size_};
}

void input_window::read_up_to(std::size_t count) {
  if (memory_.size() < count)
    memory_.resize(std::max(count, usual_bytes));
  size_ += file_->read(offset_ + size_, memory_.data() + size_, count - size_);
}

// -- input_files --------------------------------------------------------------

const std::vector<input_files::entry>& input_files::entries() const {
  std::lock_guard guard{mutex_};
  if (entries_.empty()) {
    entries_ = inspect_all(paths_);
    open_.resize(entries_.size());
  }
  return entries_;
}

std::shared_ptr<const input_file> input_files::open(std::size_t index) const {
  auto& file = entries().at(index);
  std::lock_guard guard{mutex_};
  auto result = open_[index].lock();
  if (!result) {
    result = std::make_shared<input_file>(file.path, file.size);
    open_[index] = result;
  }
  return result;
}

} // namespace braid
