#include "operators/careful_calls.hpp"

#include <algorithm>

namespace braid {

careful_calls::careful_calls(std::string name, skipped_tuples skipped)
  : name_(std::move(name)), skipped_(std::move(skipped)) {
  for (auto& [at, why] : skipped_) {
    if (!is_of_reader(at)) {
      suspects_.emplace(at.epoch, at.slice);
      continue;
    }
    auto& until = suspect_reads_[at.slice];
    until = std::max(until, at.index + (at.somewhere ? 0 : 1));
  }
}

const epoch_info& careful_calls::begin_slice(const epoch_info& epoch,
                                             slice_id slice) {
  auto* info = &epoch;
  if (!suspects_.empty() && is_suspect(epoch.number, slice)) [[unlikely]] {
    epoch_ = epoch;
    epoch_.careful = this;
    slice_ = slice;
    stages_.clear();
    info = &epoch_;
  }
  letters_.begin_slice(*info, slice);
  return *info;
}

const epoch_info& careful_calls::begin_read(const epoch_info& epoch,
                                            slice_id slice,
                                            std::uint64_t before,
                                            const emitter_base& reads) {
  reads_ = &reads;
  before_ = before;
  emitted_ = reads.emitted();
  slice_ = slice;
  auto* info = &epoch;
  auto found = suspect_reads_.find(slice);
  if (found != suspect_reads_.end() && before < found->second) [[unlikely]] {
    epoch_ = epoch;
    epoch_.careful = this;
    stages_.clear();
    root_ = {};
    root_.slice = slice;
    root_.kind = call_kind::read;
    root_.index = before;
    info = &epoch_;
  }
  letters_.begin_slice(*info, slice);
  return *info;
}

void careful_calls::end_slice() {
  emit_letters();
  letters_.end_slice();
}

input_position careful_calls::here() const {
  input_position result;
  result.epoch = epoch_.number;
  result.slice = slice_;
  return result;
}

bool careful_calls::is_suspect(epoch_number epoch, slice_id slice) const {
  return suspects_.contains({epoch, slice});
}

void careful_calls::begin_call(const input_position& at) {
  root_ = at;
  open_.clear();
  for (auto& each : stages_)
    each.taken = 0;
}

/// A source has gone on to its next tuple if it has emitted more.
void careful_calls::follow_reads() {
  if (!reads_ || emitting_)
    return;
  auto index = position_of_read();
  if (index == root_.index)
    return;
  emit_letters();
  auto next = root_;
  next.index = index;
  begin_call(next);
}

std::uint64_t careful_calls::position_of_read() const {
  return before_ + reads_->emitted() - emitted_ - 1;
}

std::uint32_t careful_calls::add_stage(const std::string& name) {
  stages_.push_back({name});
  return static_cast<std::uint32_t>(stages_.size());
}

input_position careful_calls::entered(std::uint32_t number) {
  follow_reads();
  auto at = root_;
  at.stage = number;
  at.nth = stages_[number - 1].taken++;
  return at;
}

const std::string* careful_calls::why_skipped(const input_position& at) const {
  auto found = skipped_.find(at);
  return found == skipped_.end() ? nullptr : &found->second;
}

void careful_calls::set_aside(const std::string& by, input_position at,
                              event_time time, const std::string& why,
                              std::vector<std::byte> tuple) {
  waiting_.push_back({by, std::move(at), time, why, std::move(tuple)});
}

void careful_calls::emit_letters() {
  if (waiting_.empty() || emitting_)
    return;
  emitting_ = true;
  for (auto& letter : std::exchange(waiting_, {}))
    letters_.emit(letter, letter.time);
  emitting_ = false;
}

operator_error careful_calls::failure(const epoch_info& epoch, slice_id slice,
                                      const char* why) const {
  auto where = [&](const std::string& who) {
    return "operator " + who + ", slice " + std::to_string(slice) + ", epoch "
           + std::to_string(epoch.number) + ": " + why;
  };
  auto own = "'" + name_ + "'";
  if (epoch.careful && open_.empty())
    return operator_error{where(own)};
  if (epoch.careful) {
    auto& at = open_.back();
    auto who = at.stage == 0 ? own
                             : "'" + stages_[at.stage - 1].name
                                 + "' (fused into " + own + ")";
    return operator_error{where(who), at};
  }
  input_position at;
  at.slice = slice;
  at.somewhere = true;
  if (reads_) {
    at.kind = call_kind::read;
    at.index = position_of_read() + 1;
  } else {
    at.epoch = epoch.number;
  }
  return operator_error{where(own), at};
}

} // namespace braid
