#include "actors/failed_attempts.hpp"

namespace braid {

failed_attempts::verdict
failed_attempts::on_failure(const partition_place& place,
                            const partition_failure& failure) {
  if (failure.tuple) {
    attempts_ = ++of_tuples_[{place.id, *failure.tuple}];
    if (attempts_ < most_)
      return verdict::again;
    if (skipped_.size() == most_skipped)
      return verdict::give_up;
    skipped_.push_back({place.id, *failure.tuple, failure.reason});
    return verdict::skip;
  }
  auto& known = of_partitions_[place];
  known.epoch = failure.epoch;
  attempts_ = ++known.failures;
  return attempts_ < most_ ? verdict::again : verdict::give_up;
}

void failed_attempts::on_stable(epoch_number epoch) {
  std::erase_if(of_tuples_,
                [&](auto& each) { return each.first.second.epoch <= epoch; });
  std::erase_if(of_partitions_,
                [&](auto& each) { return each.second.epoch <= epoch; });
  std::erase_if(skipped_, [&](auto& each) { return each.at.epoch <= epoch; });
}

} // namespace braid
