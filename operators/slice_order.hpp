// Canonical order: an epoch's tuples by slice, then port, edge, upstream slice
// and emission (DESIGN 3). What a slice sees does not depend on where the
// tuples came from.
#pragma once

#include "operators/batch.hpp"
#include "operators/exchange.hpp"
#include "operators/tuple_view.hpp"

#include <algorithm>
#include <cassert>
#include <span>
#include <utility>
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
    total_ = total;
    views_.resize(total + prefetch_distance);
    next_.assign(begins_.begin(), begins_.end() - 1);
    for (auto& run : runs)
      place(run);
  }

  /// The tuples of the hosted slice with this local index, in order.
  std::span<const tuple_view<T>> of(std::uint32_t local) const {
    return {views_.data() + begins_[local], views_.data() + begins_[local + 1]};
  }

  /// Calls `visit(tuple_view)` for `tuples`, all of which `of` has returned, or
  /// some in a row. They lie scattered over their batches, so they are fetched
  /// into the cache ahead of the call.
  template <class Visit>
  static void for_each(std::span<const tuple_view<T>> tuples, Visit visit) {
    auto* end = tuples.data() + tuples.size();
    for (auto* at = tuples.data(); at != end; ++at) {
      __builtin_prefetch(at[prefetch_distance].value);
      visit(*at);
    }
  }

  std::uint32_t size() const {
    return total_;
  }

private:
  static constexpr std::uint32_t prefetch_distance = 16;

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
    auto* begins = begins_.data();
    for (auto by : routes.subspan(run.first, run.count))
      ++begins[local_of(by) + 1];
  }

  void place(const input_run& run) {
    auto routes = run.source->routes();
    if (routes.empty())
      place(run, [&, local = local_of(run)](std::uint32_t) {
        return std::pair{local, route{0}};
      });
    else
      place(run, [&](std::uint32_t i) {
        return std::pair{local_of(routes[i]), routes[i]};
      });
  }

  /// `local_and_route` gives both for an index into the run's batch.
  template <class LocalAndRoute>
  void place(const input_run& run, const LocalAndRoute& local_and_route) {
    auto& source = static_cast<const typed_batch<T>&>(*run.source);
    auto* values = source.values().data();
    auto times = source.times();
    auto same = source.uniform_time();
    // Held here, for all that the compiler knows the writes might change them.
    auto* next = next_.data();
    auto* views = views_.data();
    for (auto i = run.first; i < run.first + run.count; ++i) {
      auto [local, by] = local_and_route(i);
      views[next[local]++] = {values + i, times.empty() ? same : times[i], by};
    }
  }

  const hosted_slices* slices_;
  std::vector<std::uint32_t> begins_;
  std::vector<std::uint32_t> next_;
  std::uint32_t total_ = 0;
  std::vector<tuple_view<T>> views_; ///< and room to look beyond the last
};

} // namespace braid
