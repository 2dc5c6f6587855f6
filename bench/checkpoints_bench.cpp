#include "actors/checkpoint_capture.hpp"
#include "actors/tcp_link.hpp"

#include "operators/state_table.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "bench/engine_bench.hpp"

namespace braid {

namespace {

using value = std::array<std::uint64_t, 12>;

/// An operator whose slices are tables.
class tables final : public operator_instance {
public:
  explicit tables(const instance_setup& setup) {
    host(contents, setup);
  }

  void process(const epoch_info&, std::span<const input_run>) override {}

  state_table<std::uint64_t, value> contents{"contents"};
};

/// How long a partition of much state stands still for its copies, in
/// milliseconds.
struct capture_times {
  double whole = 0; ///< all of it at once
  double first = 0; ///< the first checkpoint, as far as it goes
  double longest_ahead = 0;
  double changes = 0;
  double unchanged = 0;
  double changed_mb = 0;
};

constexpr std::uint32_t slices = 256;

void touch(tables& live, std::uint64_t keys, std::uint64_t every,
           std::uint64_t number) {
  for (std::uint64_t key = number % every; key < keys; key += every)
    live.contents.of(static_cast<std::uint32_t>(key % slices)).edit(key)[0] =
      number;
}

capture_times measure_capture(std::uint64_t keys) {
  instance_setup setup;
  setup.slices = hosted_slices{slice_table(slices, 0), 0};
  tables live{setup};
  for (std::uint64_t key = 0; key < keys; ++key)
    live.contents.of(static_cast<std::uint32_t>(key % slices)).edit(key) = {};
  capture_times result;
  // The longest time it takes at once, in milliseconds.
  auto take = [&](checkpoint_capture& capture, epoch_number epoch) {
    partition_checkpoint begun;
    begun.epoch = epoch;
    std::optional<partition_checkpoint> taken;
    auto seconds = seconds_of([&] {
      capture.begin(live, setup.slices, std::move(begun));
      taken = capture.write(live, setup.slices, 0);
    });
    while (!taken)
      seconds = std::max(seconds, seconds_of([&] {
                           taken = capture.write(live, setup.slices,
                                                 capture.share_of_epoch());
                         }));
    std::uint64_t bytes = 0;
    for (auto& [slice, content] : taken->slices)
      bytes += content.size();
    result.changed_mb = static_cast<double>(bytes) / 1e6;
    return 1'000 * seconds;
  };
  {
    checkpoint_capture all{slices, {~std::uint64_t{0}, 1, 4}};
    result.whole = take(all, 1);
  }
  checkpoint_capture capture{slices, {}};
  result.first = take(capture, 2);
  epoch_number epoch = 3;
  for (event_time now = 1'000'000; capture.is_behind(); now += 5'000, ++epoch)
    result.longest_ahead =
      std::max(result.longest_ahead, 1'000 * seconds_of([&] {
                                       capture.take_ahead(live, setup.slices,
                                                          epoch, now);
                                     }));
  take(capture, ++epoch);
  touch(live, keys, 10, 7);
  result.changes = take(capture, ++epoch);
  auto changed = result.changed_mb;
  result.unchanged = take(capture, ++epoch);
  result.changed_mb = changed;
  return result;
}

/// Two links in this process, and the frames that have arrived at one.
class link_pair {
public:
  link_pair() : to_(options("b"), heard()), from_(options("a"), {}) {
    to_.add_peer("a", 1, "127.0.0.1", from_.port());
    from_.add_peer("b", 1, "127.0.0.1", to_.port());
    // Both lanes stand once something has arrived on them.
    send(1, lane::batches);
    send(1, lane::state);
    wait_for(2);
  }

  void send(std::size_t bytes, lane on) {
    std::vector<std::byte> body(bytes);
    from_.send("b", outgoing_frame{1, std::move(body), on});
  }

  std::uint64_t arrived() {
    std::lock_guard guard{mutex_};
    return arrived_;
  }

  void wait_for(std::uint64_t count) {
    std::unique_lock guard{mutex_};
    changed_.wait(guard, [&] { return arrived_ >= count; });
  }

  /// Of small frames, which no state is.
  void wait_for_small(std::uint64_t count) {
    std::unique_lock guard{mutex_};
    changed_.wait(guard, [&] { return small_ >= count; });
  }

private:
  static tcp_link_options options(const std::string& name) {
    tcp_link_options result;
    result.name = name;
    result.incarnation = 1;
    return result;
  }

  link_callbacks heard() {
    link_callbacks result;
    result.on_frame = [this](const std::string&, const incoming_frame& frame) {
      std::lock_guard guard{mutex_};
      ++arrived_;
      small_ += frame.bytes().size() == 1'000 ? 1 : 0;
      changed_.notify_all();
    };
    return result;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t arrived_ = 0;
  std::uint64_t small_ = 0;
  tcp_link to_;
  tcp_link from_;
};

/// The slowest of small frames on the lane of batches while 400 MB of state are
/// sent on a lane, in milliseconds.
double slowest_batch(lane state) {
  link_pair links;
  constexpr std::uint64_t parts = 100;
  for (std::uint64_t i = 0; i < parts; ++i)
    links.send(std::size_t{4} << 20, state);
  double slowest = 0;
  std::uint64_t small = 0;
  do {
    slowest = std::max(slowest, 1'000 * seconds_of([&] {
                                  links.send(1'000, lane::batches);
                                  links.wait_for_small(++small);
                                }));
  } while (links.arrived() < 2 + parts + small);
  return slowest;
}

} // namespace

std::vector<measurement> measure_checkpoints(const bench_setup& setup) {
  std::uint64_t keys = setup.quick ? 1'000'000 : 10'000'000;
  auto capture = measure_capture(keys);
  std::vector<double> same;
  std::vector<double> own;
  for (unsigned i = 0; i < setup.runs; ++i) {
    same.push_back(slowest_batch(lane::batches));
    own.push_back(slowest_batch(lane::state));
  }
  return {
    at_least(0, "whole_state_copied", capture.whole, "ms"),
    at_least(0, "first_checkpoint_stands_still", capture.first, "ms"),
    at_least(0, "a_copy_ahead_stands_still", capture.longest_ahead, "ms"),
    at_least(0, "a_tenth_changed", capture.changed_mb, "MB"),
    at_least(0, "checkpoint_of_a_tenth_changed", capture.changes, "ms"),
    at_least(0, "checkpoint_of_nothing_changed", capture.unchanged, "ms"),
    at_least(0, "batch_behind_400_mb_on_its_lane", median(same), "ms"),
    at_least(0, "batch_beside_400_mb_of_state", median(own), "ms"),
  };
}

} // namespace braid
