#include "checkpoint/backup_store.hpp"

#include "checkpoint/checksum.hpp"
#include "checkpoint/slice_copy.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <iterator>
#include <stdexcept>
#include <utility>

namespace braid {

namespace {

/// Of what folding made, more than the size divided by this is not held unused.
constexpr std::size_t most_unused = 8;

/// All changes that were found, folded among each other; null: there are none.
std::shared_ptr<const byte_buffer> changes_of(const restored_slice& found,
                                              const fold_function& fold) {
  auto& changes = found.changes;
  if (changes.size() < 2)
    return changes.empty() ? nullptr : changes[0];
  std::vector<std::span<const std::byte>> parts;
  parts.reserve(changes.size());
  for (auto& each : changes)
    parts.push_back(each->bytes());
  return std::make_shared<const byte_buffer>(fold(parts));
}

/// Whether each entry is based on the one before, so that all are needed: as
/// long as nothing is lost or folded.
template <class Entries>
bool is_one_chain(const Entries& held) {
  std::optional<epoch_number> before;
  for (auto& [epoch, each] : held) {
    if (each.base != before)
      return false;
    before = epoch;
  }
  return true;
}

} // namespace

std::string to_string(put_result x) {
  switch (x) {
    case put_result::stored:
      return "stored";
    case put_result::known:
      return "held already";
    case put_result::base_missing:
      return "no base of these changes is held; send a full copy";
    case put_result::fenced:
      return "made by an instance that is fenced";
    case put_result::over_limit:
      return "no room for more backups; raise the limit, or back up elsewhere";
  }
  assert(!"all results are listed");
  return {};
}

byte_buffer whole_of(const restored_slice& found, const fold_function& fold) {
  return whole_of(copy_of(found), fold);
}

backup_store::backup_store(settings limits, fold_function fold)
  : settings_(limits), fold_(std::move(fold)) {
  assert(fold_);
}

put_result backup_store::put(const backup_key& key, slice_backup backup) {
  if (backup.base && *backup.base >= backup.epoch)
    throw std::invalid_argument{
      "a backup of epoch " + std::to_string(backup.epoch)
      + " cannot hold the changes since epoch " + std::to_string(*backup.base)};
  auto& run = runs_[key.run];
  auto& slice = run.slices[key.slice];
  auto& held = slice.held;
  if (backup.incarnation < slice.fence)
    return put_result::fenced;
  auto stable = newest(held, run.stable);
  if (stable != held.end() && backup.epoch <= stable->first)
    return put_result::known;
  auto same = held.find(backup.epoch);
  if (same != held.end() && backup.incarnation <= same->second.incarnation)
    return put_result::known;
  auto base = base_of(slice, backup, run.stable);
  if (backup.base && !base)
    return put_result::base_missing;

  auto sum = backup.sum ? *backup.sum : checksum(backup.content);
  entry added{base, backup.incarnation,
              std::make_shared<const byte_buffer>(std::move(backup.content)),
              sum};
  auto replaced = same == held.end() ? 0 : bytes_of(same->second);
  if (bytes_ - replaced + bytes_of(added) > settings_.limit)
    return put_result::over_limit;
  bytes_ += bytes_of(added) - replaced;
  held.insert_or_assign(backup.epoch, std::move(added));
  // A late one may make older ones superfluous.
  if (backup.epoch <= run.stable)
    sweep(key, slice, run.stable);
  return put_result::stored;
}

void backup_store::fence(const backup_key& key, incarnation_number successor,
                         epoch_number stable_epoch) {
  stable(key.run, stable_epoch);
  auto& run = runs_[key.run];
  auto& slice = run.slices[key.slice];
  slice.fence = std::max(slice.fence, successor);
  auto& held = slice.held;
  entries::const_iterator at = held.upper_bound(run.stable);
  while (at != held.cend())
    at = at->second.incarnation < slice.fence ? erase(held, at) : std::next(at);
}

void backup_store::stable(std::uint32_t run_number, epoch_number epoch) {
  auto& run = runs_[run_number];
  if (epoch <= run.stable)
    return;
  run.stable = epoch;
  for (auto& [id, slice] : run.slices)
    sweep({run_number, id}, slice, epoch);
}

bool backup_store::fold_next() {
  while (!to_fold_.empty()) {
    auto key = *to_fold_.begin();
    to_fold_.erase(to_fold_.begin());
    auto run = runs_.find(key.run);
    if (run == runs_.end())
      continue;
    auto slice = run->second.slices.find(key.slice);
    if (slice == run->second.slices.end()
        || !wants_fold(slice->second, run->second.stable))
      continue;
    fold(slice->second.held, run->second.stable);
    return true;
  }
  return false;
}

restored_slice backup_store::restore(const backup_key& key,
                                     epoch_number epoch) const {
  auto* slice = find(key);
  if (slice == nullptr)
    return {};
  auto last = newest(slice->held, epoch);
  if (last == slice->held.end())
    return {};
  return found_in(chain_of(slice->held, last));
}

std::vector<epoch_number> backup_store::epochs(const backup_key& key) const {
  std::vector<epoch_number> result;
  if (auto* slice = find(key))
    for (auto& [epoch, ignored] : slice->held)
      result.push_back(epoch);
  return result;
}

std::optional<incarnation_number>
backup_store::newest_maker(const backup_key& key) const {
  auto* slice = find(key);
  if (slice == nullptr || slice->held.empty())
    return std::nullopt;
  return slice->held.rbegin()->second.incarnation;
}

std::vector<operator_slice> backup_store::slices(std::uint32_t run) const {
  std::vector<operator_slice> result;
  if (auto found = runs_.find(run); found != runs_.end())
    for (auto& [id, slice] : found->second.slices)
      if (!slice.held.empty())
        result.push_back(id);
  return result;
}

void backup_store::drop(const backup_key& key) {
  auto run = runs_.find(key.run);
  if (run == runs_.end())
    return;
  auto slice = run->second.slices.find(key.slice);
  if (slice == run->second.slices.end())
    return;
  auto& held = slice->second.held;
  while (!held.empty())
    erase(held, held.begin());
}

void backup_store::drop_run(std::uint32_t run) {
  for (auto& slice : slices(run))
    drop({run, slice});
  runs_.erase(run);
}

// -- chains -------------------------------------------------------------------

std::uint64_t backup_store::bytes_of(const entry& x) {
  return sizeof(entries::value_type) + x.content->size();
}

/// The newest entry at or before an epoch, or the end.
backup_store::entries::const_iterator backup_store::newest(const entries& held,
                                                           epoch_number up_to) {
  auto after = held.upper_bound(up_to);
  return after == held.begin() ? held.end() : std::prev(after);
}

/// The entries that make up an entry's state: a full copy, then changes.
std::vector<backup_store::entries::const_iterator>
backup_store::chain_of(const entries& held, entries::const_iterator last) {
  std::vector result{last};
  while (result.back()->second.base) {
    auto base = held.find(*result.back()->second.base);
    assert(base != held.end());
    result.push_back(base);
  }
  std::reverse(result.begin(), result.end());
  return result;
}

restored_slice
backup_store::found_in(const std::vector<entries::const_iterator>& chain) {
  auto result = contents_of(chain);
  if (!are_whole(chain))
    return {restored_slice::outcome::damaged, result.epoch, {}, {}, 0, {}};
  return result;
}

bool backup_store::are_whole(std::span<const entries::const_iterator> parts) {
  return std::all_of(parts.begin(), parts.end(), [](auto part) {
    return checksum(*part->second.content) == part->second.checksum;
  });
}

/// Unchecked.
restored_slice
backup_store::contents_of(const std::vector<entries::const_iterator>& chain) {
  restored_slice result;
  result.epoch = chain.back()->first;
  result.result = restored_slice::outcome::found;
  result.full = chain.front()->second.content;
  result.full_sum = chain.front()->second.checksum;
  for (auto part = chain.begin() + 1; part != chain.end(); ++part)
    if (!(*part)->second.content->empty()) {
      result.changes.push_back((*part)->second.content);
      result.change_sums.push_back((*part)->second.checksum);
    }
  return result;
}

const backup_store::slice_state*
backup_store::find(const backup_key& key) const {
  auto run = runs_.find(key.run);
  if (run == runs_.end())
    return nullptr;
  auto slice = run->second.slices.find(key.slice);
  return slice == run->second.slices.end() ? nullptr : &slice->second;
}

backup_store::entries::const_iterator
backup_store::erase(entries& held, entries::const_iterator x) {
  assert(bytes_ >= bytes_of(x->second));
  bytes_ -= bytes_of(x->second);
  return held.erase(x);
}

/// The newest copy that the changes can be made to: of their base or a later
/// epoch before their own. Up to the stable epoch all instances agree. Beyond
/// it the copy must be the instance's own: another one's may turn out void.
std::optional<epoch_number> backup_store::base_of(const slice_state& slice,
                                                  const slice_backup& changes,
                                                  epoch_number stable) {
  if (!changes.base)
    return std::nullopt;
  auto& held = slice.held;
  auto oldest = held.lower_bound(*changes.base);
  for (auto at = held.lower_bound(changes.epoch); at != oldest;) {
    --at;
    if (at->first <= stable || at->second.incarnation == changes.incarnation)
      return at->first;
  }
  return std::nullopt;
}

/// Drops what neither the stable epoch nor later ones are built on.
void backup_store::sweep(const backup_key& key, slice_state& slice,
                         epoch_number stable) {
  auto& held = slice.held;
  skip_unchanged(held, stable);
  auto first = newest(held, stable);
  if (first == held.cend())
    return;
  if (!is_one_chain(held)) {
    std::set<epoch_number> needed;
    for (auto at = first; at != held.cend(); ++at)
      for (auto& part : chain_of(held, at))
        needed.insert(part->first);
    for (auto at = held.cbegin(); at != held.cend();)
      at = needed.contains(at->first) ? std::next(at) : erase(held, at);
  }
  if (wants_fold(slice, stable))
    to_fold_.insert(key);
}

/// Where nothing changed up to the stable epoch, what was held before is what
/// was there then. So a slice that never changes is not held again and again.
void backup_store::skip_unchanged(entries& held, epoch_number stable) {
  auto after = held.upper_bound(stable);
  if (after == held.begin())
    return;
  auto& [epoch, last] = *std::prev(after);
  for (auto at = after; at != held.end(); ++at)
    if (at->second.base && *at->second.base < epoch)
      return;
  while (last.base && last.content->empty()) {
    auto base = held.find(*last.base);
    bytes_ -= bytes_of(base->second);
    bytes_ += base->second.content->size();
    last.base = base->second.base;
    last.content = std::move(base->second.content);
    last.checksum = base->second.checksum;
    held.erase(base);
  }
}

/// The stable state has outgrown its base, and nothing newer is built on what
/// folding would take away.
bool backup_store::wants_fold(const slice_state& slice,
                              epoch_number stable) const {
  auto& held = slice.held;
  auto last = newest(held, stable);
  if (last == held.end())
    return false;
  std::uint64_t changes = 0;
  std::size_t parts = 1;
  auto base = last;
  for (; base->second.base; base = held.find(*base->second.base), ++parts)
    changes += bytes_of(base->second);
  if (changes * 100 <= bytes_of(base->second) * settings_.fold_percent
      && parts <= settings_.longest_chain)
    return false;
  return std::all_of(std::next(last), held.end(), [&](auto& x) {
    return !x.second.base || *x.second.base >= last->first;
  });
}

/// Changes that are small once they are folded among each other, because they
/// are to the same records, stay apart: the full copy is far dearer to write
/// anew, or only to look at. Nothing if what is to be folded is damaged.
std::optional<backup_store::entry>
backup_store::folded(const std::vector<entries::const_iterator>& chain) const {
  std::span parts{chain};
  if (!are_whole(parts.subspan(1)))
    return std::nullopt;
  auto found = contents_of(chain);
  auto changes = changes_of(found, fold_);
  auto maker = chain.back()->second.incarnation;
  if (changes
      && changes->size() * 200 <= found.full->size() * settings_.fold_percent)
    return entry{chain.front()->first, maker, std::move(changes), 0};
  if (!are_whole(parts.first(1)))
    return std::nullopt;
  if (!changes)
    return entry{std::nullopt, maker, found.full, 0};
  auto whole = std::make_shared<const byte_buffer>(
    fold_(std::array{found.full->bytes(), changes->bytes()}));
  return entry{std::nullopt, maker, std::move(whole), 0};
}

void backup_store::fold(entries& held, epoch_number stable) {
  auto last = newest(held, stable);
  auto parts = chain_of(held, last);
  auto made = folded(parts);
  if (!made)
    return;
  // Room that folding made and did not need counts for nothing, but is held.
  auto& content = made->content;
  if (content->capacity() > content->size() + content->size() / most_unused)
    content = std::make_shared<const byte_buffer>(content->bytes());
  made->checksum = checksum(*content);
  parts.pop_back();
  if (made->base)
    parts.erase(parts.begin());
  auto& replaced = held.at(last->first);
  bytes_ += bytes_of(*made);
  bytes_ -= bytes_of(replaced);
  replaced = std::move(*made);
  for (auto& part : parts)
    erase(held, part);
}

} // namespace braid
