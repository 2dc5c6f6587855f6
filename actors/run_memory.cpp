#include "actors/run_memory.hpp"

#include "operators/archive.hpp"

#include <algorithm>
#include <cstring>

namespace braid {

namespace {

/// What every record begins with. To be counted up when a content changes.
constexpr std::uint32_t version = 4;

enum class record_kind : std::uint32_t {
  snapshot,
  life,
  run,
  stable,
};

struct record_head {
  std::uint32_t of_version = version;
  record_kind kind = record_kind::snapshot;
};
static_assert(sizeof(record_head) == 8);

template <class T>
byte_buffer record_of(record_kind kind, const T& content) {
  record_head head{version, kind};
  byte_buffer result;
  result.append(&head, sizeof(head));
  encode(content, result);
  return result;
}

struct everything {
  std::uint64_t incarnation = 0;
  std::vector<saved_run> runs;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& incarnation& runs;
  }
};

record_head head_of(std::span<const std::byte> record) {
  record_head result;
  if (record.size() < sizeof(result))
    throw decode_error{"a record of a supervisor's journal is too short"};
  std::memcpy(&result, record.data(), sizeof(result));
  if (result.of_version != version)
    throw decode_error{"a record is of version "
                       + std::to_string(result.of_version)};
  return result;
}

} // namespace

byte_buffer run_memory::life_record(std::uint64_t incarnation) {
  return record_of(record_kind::life, incarnation);
}

byte_buffer run_memory::run_record(const saved_run& run) {
  return record_of(record_kind::run, run);
}

byte_buffer run_memory::stable_record(const run_epoch& stable) {
  return record_of(record_kind::stable, stable);
}

byte_buffer run_memory::snapshot() const {
  return record_of(record_kind::snapshot, everything{incarnation_, runs_});
}

void run_memory::apply(std::span<const std::byte> record) {
  auto content = record;
  switch (head_of(record).kind) {
    case record_kind::snapshot: {
      auto all = decoded<everything>(content.subspan(sizeof(record_head)));
      incarnation_ = all.incarnation;
      runs_ = std::move(all.runs);
      return;
    }
    case record_kind::life:
      incarnation_ =
        decoded<std::uint64_t>(content.subspan(sizeof(record_head)));
      return;
    case record_kind::run:
      return remember(decoded<saved_run>(content.subspan(sizeof(record_head))));
    case record_kind::stable: {
      auto stable = decoded<run_epoch>(content.subspan(sizeof(record_head)));
      for (auto& run : runs_)
        if (run.plan.run == stable.run)
          run.stable = std::max(run.stable, stable.epoch);
      return;
    }
  }
  throw decode_error{"a record is of an unknown kind"};
}

void run_memory::remember(saved_run run) {
  auto known = std::find_if(runs_.begin(), runs_.end(), [&](auto& x) {
    return x.plan.run == run.plan.run;
  });
  if (known == runs_.end())
    runs_.push_back(std::move(run));
  else
    *known = std::move(run);
  forget_oldest();
}

void run_memory::forget_oldest() {
  auto over = [](auto& run) { return is_over(run.report.state); };
  if (std::count_if(runs_.begin(), runs_.end(), over)
      > static_cast<std::ptrdiff_t>(most_over))
    runs_.erase(std::find_if(runs_.begin(), runs_.end(), over));
}

} // namespace braid
