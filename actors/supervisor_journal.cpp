#include "actors/supervisor_journal.hpp"

#include "actors/log.hpp"

#include "operators/archive.hpp"

#include <algorithm>

namespace braid {

namespace {

/// The file is rewritten when this much has been added to what it was.
constexpr std::uint64_t worth_rewriting = std::uint64_t{4} << 20;

std::filesystem::path file_in(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  // If that failed, opening the file says what is wrong.
  return folder / "supervisor.journal";
}

} // namespace

supervisor_journal::supervisor_journal(const std::filesystem::path& folder)
  : path_(file_in(folder)),
    file_(path_, [this](const journal_record& record) { take(record); }) {
  if (file_.torn_bytes() > 0)
    log("topology")
      ->warn("{}: cut off {} bytes of a decision that was not taken",
             path_.string(), file_.torn_bytes());
  rewritten_bytes_ = file_.bytes();
}

void supervisor_journal::take(const journal_record& record) {
  try {
    memory_.apply(record.content);
  } catch (const decode_error& error) {
    throw file_error{file_trouble::version, path_,
                     "cannot be understood (record "
                       + std::to_string(record.number) + ": " + error.what()
                       + "); use the version of Braid that wrote it, or move "
                         "it away and start the runs again"};
  }
}

std::uint64_t supervisor_journal::begin_life(std::uint64_t wanted) {
  std::lock_guard guard{mutex_};
  auto result = std::max(wanted, memory_.incarnation() + 1);
  append(run_memory::life_record(result));
  return result;
}

void supervisor_journal::save(const saved_run& run) {
  std::lock_guard guard{mutex_};
  append(run_memory::run_record(run));
}

void supervisor_journal::save_stable(const run_epoch& stable) {
  std::lock_guard guard{mutex_};
  append(run_memory::stable_record(stable));
}

std::vector<saved_run> supervisor_journal::runs() const {
  std::lock_guard guard{mutex_};
  return memory_.runs();
}

/// The caller holds the mutex.
void supervisor_journal::append(const byte_buffer& record) {
  file_.append(record.bytes());
  memory_.apply(record.bytes());
  if (file_.bytes() < rewritten_bytes_ + worth_rewriting)
    return;
  // If there is no room for both files, the old one still serves.
  rewritten_bytes_ = file_.bytes();
  try {
    file_.rewrite(memory_.snapshot().bytes());
    rewritten_bytes_ = file_.bytes();
  } catch (const file_error& error) {
    log("topology")->error("cannot shorten the journal: {}", error.what());
  }
}

} // namespace braid
