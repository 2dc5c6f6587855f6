// Canonical order: an epoch's tuples by slice, then port, edge, upstream slice
// and emission (DESIGN 3). What a slice sees does not depend on where the
// tuples came from.
#pragma once

#include "operators/batch.hpp"
#include "operators/exchange.hpp"

#include <algorithm>
#include <cassert>
#include <span>
#include <vector>

namespace braid {

/// A run of an epoch's input: tuples that one upstream slice emitted on one
/// edge, a stretch of a batch.
struct input_run {
  std::uint16_t port = 0;
  edge_id edge = 0;
  slice_id slice = 0; ///< upstream
  const batch* source = nullptr;
  std::uint32_t first = 0; ///< index into `source`
  std::uint32_t count = 0;
};

/// Sorts `runs` by (port, edge, upstream slice); runs of one slice stay in the
/// order in which they were emitted, which must be their order in `runs`.
void sort_runs(std::vector<input_run>& runs);

/// A tuple of an epoch's input, in place.
template <class T>
struct tuple_view {
  const T* value;
  event_time time;
  route by; ///< the hash of its key, on keyed edges
};

/// The input of one port in one epoch, grouped by hosted slice with one
/// counting sort.
template <class T>
class slice_order {
public:
  explicit slice_order(const hosted_slices& slices)
    : slices_(&slices), begins_(slices.size() + 1) {}

  /// Takes the runs of this port, sorted by `sort_runs`. Their batches must
  /// outlive the use of the views.
  void arrange(std::span<const input_run> runs) {
    std::fill(begins_.begin(), begins_.end(), 0);
    std::uint32_t total = 0;
    for (auto& run : runs) {
      count(run);
      total += run.count;
    }
    for (std::uint32_t i = 1; i < begins_.size(); ++i)
      begins_[i] += begins_[i - 1];
    assert(begins_.back() == total);
    views_.resize(total);
    next_.assign(begins_.begin(), begins_.end() - 1);
    for (auto& run : runs)
      place(run);
  }

  /// The tuples of the hosted slice with this local index, in order.
  std::span<const tuple_view<T>> of(std::uint32_t local) const {
    return {views_.data() + begins_[local], views_.data() + begins_[local + 1]};
  }

  std::uint32_t size() const {
    return static_cast<std::uint32_t>(views_.size());
  }

private:
  std::uint32_t local_of(route by) const {
    auto local = slices_->local(slice_of(by, slices_->total()));
    assert(local != hosted_slices::not_here);
    return local;
  }

  std::uint32_t local_of(const input_run& run) const {
    auto local = slices_->local(run.slice);
    assert(local != hosted_slices::not_here);
    return local;
  }

  // Counts are kept one place up, so that the sums become beginnings.
  void count(const input_run& run) {
    auto routes = run.source->routes();
    if (routes.empty()) {
      begins_[local_of(run) + 1] += run.count;
      return;
    }
    for (auto by : routes.subspan(run.first, run.count))
      ++begins_[local_of(by) + 1];
  }

  void place(const input_run& run) {
    auto& source = static_cast<const typed_batch<T>&>(*run.source);
    auto* values = source.values().data();
    auto routes = source.routes();
    auto times = source.times();
    auto last = run.first + run.count;
    for (auto i = run.first; i < last; ++i) {
      auto by = routes.empty() ? 0 : routes[i];
      auto local = routes.empty() ? local_of(run) : local_of(by);
      views_[next_[local]++] = {
        values + i, times.empty() ? source.uniform_time() : times[i], by};
    }
  }

  const hosted_slices* slices_;
  std::vector<std::uint32_t> begins_;
  std::vector<std::uint32_t> next_;
  std::vector<tuple_view<T>> views_;
};

} // namespace braid
