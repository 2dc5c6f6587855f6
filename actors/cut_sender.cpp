#include "actors/cut_sender.hpp"

#include <algorithm>
#include <iterator>
#include <string>

namespace braid {

std::vector<node_index> cut_holders(const backup_holders& holders,
                                    const partition_place& place) {
  return holders.of({place.id, place.index});
}

cut_sender::cut_sender(run_id run, partition_place place,
                       incarnation_number incarnation,
                       const std::vector<node_index>& holders)
  : run_(run), place_(place), incarnation_(incarnation),
    holders_(holders.begin(), holders.end()) {}

std::vector<cut_sender::message> cut_sender::begin(const cut_notice& cuts) {
  check_known(cuts);
  std::vector<message> result;
  if (cuts.last <= newest_)
    return result;
  auto first = std::max(cuts.first, newest_ + 1);
  newest_ = cuts.last;
  auto added = kept_.emplace(first, entry{cuts.last, cuts.cuts, holders_});
  for (auto holder : holders_)
    result.push_back({holder, contents_of(*added.first)});
  return result;
}

std::optional<epoch_number>
cut_sender::on_receipt(node_index from, const cuts_receipt& receipt) {
  if (receipt.run != run_ || receipt.place != place_
      || receipt.incarnation != incarnation_ || receipt.fenced)
    return std::nullopt;
  // Found by its last epoch; entries are in order and do not overlap.
  auto found = kept_.upper_bound(receipt.last);
  if (found != kept_.begin() && std::prev(found)->second.last == receipt.last)
    std::prev(found)->second.missing.erase(from);
  return advance();
}

cut_sender::change
cut_sender::set_holders(const std::vector<node_index>& holders) {
  change result;
  std::set<node_index> next{holders.begin(), holders.end()};
  for (auto& each : kept_) {
    auto& missing = each.second.missing;
    std::erase_if(missing, [&](node_index x) { return !next.contains(x); });
    for (auto holder : next)
      if (!holders_.contains(holder)) {
        missing.insert(holder);
        result.messages.push_back({holder, contents_of(each)});
      }
  }
  holders_ = std::move(next);
  confirmed_ = 0; // a new one lacks all that is kept
  result.held = advance();
  return result;
}

std::vector<cut_sender::message>
cut_sender::unconfirmed(node_index holder) const {
  std::vector<message> result;
  for (auto& each : kept_)
    if (each.second.missing.contains(holder))
      result.push_back({holder, contents_of(each)});
  return result;
}

std::optional<epoch_number> cut_sender::stable(epoch_number epoch) {
  newest_ = std::max(newest_, epoch);
  held_ = std::max(held_, epoch);
  std::erase_if(kept_, [&](auto& each) { return each.second.last <= epoch; });
  return advance();
}

source_cuts cut_sender::contents_of(entries::const_reference from) const {
  return {run_,       place_,           incarnation_,
          from.first, from.second.last, from.second.cuts};
}

void cut_sender::check_known(const cut_notice& cuts) const {
  // Before anything is known, epochs may begin after any stable one.
  if (newest_ != 0 && cuts.first > newest_ + 1)
    throw protocol_error{place_name(place_) + ": tells how epoch "
                         + std::to_string(cuts.first) + " ended, but not epoch "
                         + std::to_string(newest_ + 1)};
  for (auto at = entry_of(cuts.first);
       at != kept_.end() && at->first <= cuts.last; ++at)
    if (at->second.cuts != cuts.cuts)
      throw protocol_error{place_name(place_) + ": ended epoch "
                           + std::to_string(std::max(at->first, cuts.first))
                           + " otherwise than it did before"};
}

/// The first entry that ends with `epoch` or later.
cut_sender::entries::const_iterator
cut_sender::entry_of(epoch_number epoch) const {
  auto found = kept_.upper_bound(epoch);
  if (found != kept_.begin() && std::prev(found)->second.last >= epoch)
    --found;
  return found;
}

/// Moves on to the last epoch before one that some holder lacks.
std::optional<epoch_number> cut_sender::advance() {
  if (holders_.empty())
    return std::nullopt;
  auto before = held_;
  for (auto at = entry_of(confirmed_ + 1);
       at != kept_.end() && at->second.missing.empty(); ++at)
    confirmed_ = at->second.last;
  held_ = std::max(held_, confirmed_);
  return held_ > before ? std::optional{held_} : std::nullopt;
}

} // namespace braid
