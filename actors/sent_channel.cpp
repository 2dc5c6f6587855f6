#include "actors/sent_channel.hpp"

#include <algorithm>
#include <string>

namespace braid {

epoch_number sent_channel::closed() const {
  if (own_)
    return own_->closed();
  auto result = ~epoch_number{0};
  for (auto& origin : origins_)
    result = std::min(result, origin->closed());
  return result;
}

epoch_number sent_channel::trimmed() const {
  if (origins_.empty())
    return own_->trimmed();
  epoch_number result = 0;
  for (auto& origin : origins_)
    result = std::max(result, origin->trimmed());
  return result;
}

std::optional<sent_channel::closed_epochs>
sent_channel::read(epoch_number epoch) const {
  if (epoch > closed())
    return std::nullopt;
  if (epoch <= trimmed())
    throw protocol_error{"epoch " + std::to_string(epoch)
                         + " is asked for, but dropped already"};
  if (!is_borrowed(epoch))
    return read_own(epoch);
  closed_epochs result;
  for (auto& origin : origins_) {
    auto part = origin->read(epoch);
    if (!part)
      return std::nullopt;
    auto chosen = borrow(std::move(*part));
    if (!result.close) {
      result = std::move(chosen);
      if (slices_.empty())
        break;
      continue;
    }
    result.last = std::min(result.last, chosen.last);
    result.tuples += chosen.tuples;
    result.batches.insert(result.batches.end(), chosen.batches.begin(),
                          chosen.batches.end());
  }
  return result;
}

sent_channel::closed_epochs sent_channel::borrow(closed_epochs from) const {
  if (slices_.empty())
    return from;
  std::vector<batch_ptr> chosen;
  from.tuples = 0;
  for (auto& batch : from.batches)
    if (auto picked = select(batch, slices_)) {
      from.tuples += picked->size();
      chosen.push_back(std::move(picked));
    }
  from.batches = std::move(chosen);
  return from;
}

sent_channel::closed_epochs sent_channel::read_own(epoch_number epoch) const {
  closed_epochs result;
  auto at = own_->from(epoch - 1);
  auto on_batch = [&](epoch_number, const batch_ptr& tuples) {
    result.tuples += tuples->size();
    result.batches.push_back(tuples);
  };
  auto on_close = [&](const auto& replayed) {
    result.first = replayed.first;
    result.last = replayed.last;
    result.close = replayed.close;
  };
  while (!result.close)
    own_->next(at, on_batch, on_close);
  return result;
}

void sent_channel::trim(epoch_number epoch) {
  if (own_)
    own_->trim(std::min(epoch, own_->closed()));
  if (!own_ || origins_.empty())
    return;
  auto is_needed =
    std::any_of(origins_.begin(), origins_.end(),
                [&](auto& origin) { return origin->trimmed() < own_after_; });
  if (!is_needed)
    origins_.clear();
}

void sent_channel::pin_origins(epoch_number epoch, pins& all) const {
  for (auto& origin : origins_) {
    auto& pin = all.try_emplace(origin.get(), epoch).first->second;
    pin = std::min(pin, epoch);
    origin->pin_origins(epoch, all);
  }
}

} // namespace braid
