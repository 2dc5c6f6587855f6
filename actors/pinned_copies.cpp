#include "actors/pinned_copies.hpp"

#include "checkpoint/checksum.hpp"

#include "operators/state_fold.hpp"

#include <algorithm>
#include <stdexcept>

namespace braid {

std::vector<held_slice> pinned_copies::pin(const held_backups& held, run_id run,
                                           epoch_number epoch) {
  auto& pinned = runs_[run] = {};
  pinned.epoch = epoch;
  pinned.copies = held.copies(run, epoch);
  std::vector<held_slice> result;
  for (auto& [slice, copy] : pinned.copies)
    result.push_back({slice, copy.slice.epoch, copy.ended});
  return result;
}

std::vector<content_piece> pinned_copies::pieces(const content_request& asked) {
  auto found = runs_.find(asked.run);
  if (found == runs_.end() || found->second.epoch != asked.epoch)
    throw std::runtime_error{"its copies of epoch "
                             + std::to_string(asked.epoch)
                             + " are not kept any more"};
  auto& run = found->second;
  return answer(
    asked, [&](const operator_slice& of, std::uint64_t offset,
               std::uint64_t most) { return piece(run, of, offset, most); });
}

void pinned_copies::release(run_id run) {
  runs_.erase(run);
}

content_piece pinned_copies::piece(pinned_run& run, const operator_slice& of,
                                   std::uint64_t offset, std::uint64_t most) {
  auto& copy = run.copies.at(of);
  if (run.at != of) {
    run.content = whole_of(copy.slice, fold_all);
    run.sum = checksum(run.content);
    run.at = of;
  }
  auto size = run.content.size();
  if (offset > size)
    throw std::runtime_error{"a copy was asked for beyond its end"};
  auto* first = reinterpret_cast<const char*>(run.content.data()) + offset;
  return {of,
          copy.slice.epoch,
          copy.ended,
          size,
          run.sum,
          offset,
          {first, first + std::min<std::uint64_t>(most, size - offset)}};
}

} // namespace braid
