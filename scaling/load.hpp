// What a partition reports about itself.
#pragma once

#include "scaling/hot_key.hpp"

#include "operators/exchange.hpp"

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace braid {

enum class partition_state : std::uint8_t {
  waiting, ///< for input
  blocked, ///< a partition downstream is behind
  held,    ///< a source: replay buffers are full
  busy,
  done,
  failed,
  stopped,     ///< with its run, before it was done
  shadow,      ///< does what others do, to take their slices over
  handed_over, ///< has stopped, for its successors go on
};

std::string to_string(partition_state x);

/// Tuples that a partition has sent along an edge.
struct edge_load {
  edge_id edge = 0;
  std::atomic<std::uint64_t> tuples = 0;
};

/// Counters of one partition. Written by the partition alone, read from
/// anywhere without asking it, so that a busy partition can be looked at.
struct partition_load {
  std::atomic<partition_state> state = partition_state::waiting;
  std::atomic<std::uint64_t> epoch = 0; ///< the newest that is processed
  std::atomic<std::uint64_t> tuples_in = 0;
  std::atomic<std::uint64_t> tuples_out = 0;
  std::atomic<std::uint64_t> busy_ns = 0; ///< spent on finished epochs
  /// When it took up what it is at, on the steady clock; 0: nothing.
  std::atomic<std::int64_t> busy_since_ns = 0;
  std::atomic<std::uint64_t> queued_epochs = 0;
  std::atomic<std::uint64_t> queued_bytes = 0;
  std::atomic<std::uint64_t> queued_tuples = 0;
  /// Had work, and waited for somebody downstream or for replay buffers.
  std::atomic<std::uint64_t> blocked_ns = 0;
  std::atomic<std::int64_t> blocked_since_ns = 0; ///< 0: is not
  /// A source: whether `queued_tuples` is what waits outside.
  std::atomic<bool> knows_arrivals = false;
  /// When it noted that, in microseconds since 1970.
  std::atomic<std::int64_t> counted_at = 0;
  /// Sent along each output edge in finished epochs, in the topology's order.
  std::vector<edge_load> edges{};
  /// Of some epochs, evenly chosen, what each hosted slice got.
  std::vector<std::atomic<std::uint64_t>> slice_tuples{};
  /// Sent, and held to be sent again after a loss.
  std::atomic<std::uint64_t> replay_bytes = 0;
  std::atomic<std::uint32_t> replay_edge = 0; ///< has most of them

  /// Nanoseconds spent processing up to `now`, also of an epoch that is not
  /// finished: one may take longer than the time between two looks.
  std::uint64_t busy_until(std::int64_t now) const;

  /// The same for the time for which it was blocked.
  std::uint64_t blocked_until(std::int64_t now) const;

  /// It is blocked at `now`, or is not any more.
  void note_blocked(bool blocked, std::int64_t now);

  /// A key that has become hot, until it is asked for.
  void set_hot_key(const hot_key& key);
  std::optional<hot_key> take_hot_key() const;

private:
  // What is read from anywhere is constant there.
  mutable std::mutex hot_key_mutex_;
  mutable std::optional<hot_key> hot_key_;
};

} // namespace braid
