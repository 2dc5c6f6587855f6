#include "actors/failed_attempts.hpp"

#include <algorithm>

namespace braid {

namespace {

/// Nobody goes back to before it, once the end of `epoch` is stable. What a
/// source has read may be in any epoch when it reads it again; but where to
/// look can be found out again.
bool is_past(const input_position& at, epoch_number epoch) {
  return is_of_reader(at) ? at.somewhere : at.epoch <= epoch;
}

} // namespace

failed_attempts::verdict
failed_attempts::on_failure(const partition_place& place,
                            const partition_failure& failure) {
  if (!failure.tuple)
    return on_other(place, failure);
  skipped_tuple found{place.id, *failure.tuple, failure.reason};
  return found.at.somewhere ? on_suspect(place, failure, std::move(found))
                            : on_call(std::move(found));
}

failed_attempts::verdict failed_attempts::on_call(skipped_tuple found) {
  auto& failures = of_tuples_[{found.by, found.at}];
  // Finding out which call it is has been an attempt, too.
  if (failures == 0)
    failures += looked_for_.erase({found.by, found.at.slice});
  attempts_ = ++failures;
  if (attempts_ < most_)
    return verdict::again;
  of_tuples_.erase({found.by, found.at});
  return note(std::move(found)) ? verdict::skip : verdict::give_up;
}

failed_attempts::verdict
failed_attempts::on_suspect(const partition_place& place,
                            const partition_failure& failure,
                            skipped_tuple found) {
  auto known = [&](auto& each) {
    return each.by == found.by && each.at == found.at;
  };
  if (std::any_of(skipped_.begin(), skipped_.end(), known))
    return on_other(place, failure); // looking closer has not helped
  attempts_ = 1;
  looked_for_.emplace(found.by, found.at.slice);
  return note(std::move(found)) ? verdict::look_closer : verdict::give_up;
}

failed_attempts::verdict
failed_attempts::on_other(const partition_place& place,
                          const partition_failure& failure) {
  auto& known = of_partitions_[place];
  known.epoch = failure.epoch;
  attempts_ = ++known.failures;
  return attempts_ < most_ ? verdict::again : verdict::give_up;
}

/// Returns false if there are too many.
bool failed_attempts::note(skipped_tuple found) {
  auto is_recent_and_alike = [&](auto& each) {
    return each.at.somewhere == found.at.somewhere
           && (each.at.somewhere || !is_of_reader(each.at));
  };
  auto known = static_cast<std::size_t>(
    std::count_if(skipped_.begin(), skipped_.end(), is_recent_and_alike));
  if (!found.at.somewhere)
    known += reads_since_stable_;
  if (known >= most_skipped)
    return false;
  if (is_of_reader(found.at) && !found.at.somewhere)
    ++reads_since_stable_;
  skipped_.push_back(std::move(found));
  return true;
}

void failed_attempts::on_stable(epoch_number epoch) {
  std::erase_if(of_tuples_,
                [&](auto& each) { return is_past(each.first.second, epoch); });
  std::erase_if(of_partitions_,
                [&](auto& each) { return each.second.epoch <= epoch; });
  std::erase_if(skipped_, [&](auto& each) { return is_past(each.at, epoch); });
  reads_since_stable_ = 0;
}

} // namespace braid
