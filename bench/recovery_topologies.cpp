#include "bench/recovery_topologies.hpp"

#include "operators/braid.hpp"
#include "operators/generator.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <mutex>
#include <unistd.h>

#include "bench/bench_topologies.hpp"

namespace braid {

namespace {

constexpr std::size_t fragment_bytes = 140;
constexpr std::uint64_t dictionary = 10'000;
constexpr event_time window_length = 30'000'000;

struct fragment {
  std::uint64_t index;
  std::array<char, fragment_bytes> text;
};

struct word {
  std::uint64_t fragment = 0;
  std::string text;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& fragment& text;
  }
};

/// What sinks of this file take.
struct watched_result {
  std::uint64_t tuple;
  std::uint64_t value;
  std::uint32_t process;
  std::uint32_t unused;
};

/// Asked for once: it is a call of the system, dearer than all that an operator
/// does with a tuple.
const auto this_process = static_cast<std::uint32_t>(getpid());

watched_result result_of(std::uint64_t tuple, std::uint64_t value) {
  return {tuple, value, this_process, 0};
}

/// Words of four to six characters, with a space behind each.
fragment make_fragment(std::uint64_t index) {
  fragment result{index, {}};
  random_generator random{index};
  std::size_t end = 0;
  for (;;) {
    auto text = "w" + std::to_string(100 + random.below(dictionary)) + ' ';
    if (end + text.size() > fragment_bytes)
      break;
    std::copy(text.begin(), text.end(), result.text.begin() + end);
    end += text.size();
  }
  std::fill(result.text.begin() + end, result.text.end(), ' ');
  return result;
}

void split_fragment(const fragment& from, emitter<word>& words) {
  auto begin = from.text.begin();
  while (begin != from.text.end()) {
    auto end = std::find(begin, from.text.end(), ' ');
    if (end != begin)
      words.emit({from.index, {begin, end}});
    begin = end == from.text.end() ? end : end + 1;
  }
}

struct windowed_count {
  event_time window = 0;
  std::uint64_t count = 0;
};

class count_in_window : public keyed_operator<std::string, watched_result> {
public:
  void on(const word& x) {
    auto& at = counts.edit();
    auto window = time() / window_length;
    if (at.window != window)
      at = {window, 0};
    emit(result_of(x.fragment, ++at.count));
  }

private:
  value<windowed_count> counts{*this, "counts"};
};

struct update {
  std::uint64_t key;
  std::uint64_t index;
};

class store : public keyed_operator<std::uint64_t, watched_result> {
public:
  void on(const update& x) {
    auto& at = content.edit();
    at[x.index % at.size()] = x.index;
    emit(result_of(x.index, at.front()));
  }

private:
  static constexpr auto numbers =
    state_size::entry_bytes / sizeof(std::uint64_t) - 1;

  value<std::array<std::uint64_t, numbers>> content{*this, "content"};
};

// -- the watch ----------------------------------------------------------------

using clock = std::chrono::steady_clock;

struct watch_state {
  std::mutex mutex;
  std::map<std::uint32_t, std::uint64_t> newest; ///< by process
  std::optional<std::uint32_t> lost;
  std::map<std::uint32_t, std::uint64_t> newest_then;
  clock::time_point expected;
  std::optional<double> recovered_after;
};

watch_state watched;

/// Of results from one process.
void watch(std::uint32_t process, std::uint64_t newest) {
  std::lock_guard guard{watched.mutex};
  auto& known = watched.newest[process];
  known = std::max(known, newest);
  if (!watched.lost || watched.recovered_after
      || watched.newest_then.contains(process)
      || newest <= watched.newest_then[*watched.lost])
    return;
  watched.recovered_after =
    std::chrono::duration<double>(clock::now() - watched.expected).count();
}

/// One slice, so that it is not placed along with those that give results.
struct watch_results {
  struct writer final : sink_writer<watched_result> {
    void write(slice_id,
               std::span<const tuple_view<watched_result>> tuples) override {
      std::map<std::uint32_t, std::uint64_t> newest;
      for (auto& tuple : tuples) {
        auto& known = newest[tuple.value->process];
        known = std::max(known, tuple.value->tuple);
      }
      for (auto& [process, tuple] : newest)
        watch(process, tuple);
      add_ages(tuples);
    }
  };

  std::optional<std::uint32_t> slices() const {
    return 1;
  }

  std::unique_ptr<sink_writer<watched_result>> open(const sink_context&) const {
    return std::make_unique<writer>();
  }
};

} // namespace

submission word_frequency(std::uint64_t rate, std::uint64_t fragments) {
  submission result;
  result.topology = "word_frequency";
  result.settings = {{"rate", std::to_string(rate)}};
  if (fragments != 0)
    result.settings["tuples"] = std::to_string(fragments);
  result.parallelism = 1;
  return result;
}

state_size state_size::of_bytes(std::uint64_t bytes) {
  auto keys = bytes / entry_bytes;
  return {keys, keys / 10};
}

submission large_state(const state_size& size, std::uint64_t rate) {
  submission result;
  result.topology = "large_state";
  result.settings = {{"rate", std::to_string(rate)},
                     {"keys", std::to_string(size.keys)},
                     {"changing", std::to_string(size.changing)}};
  result.parallelism = 1;
  return result;
}

void result_watch::begin() {
  std::lock_guard guard{watched.mutex};
  watched.newest.clear();
  watched.lost.reset();
  watched.recovered_after.reset();
}

std::uint64_t result_watch::newest() {
  std::lock_guard guard{watched.mutex};
  std::uint64_t result = 0;
  for (auto& [process, tuple] : watched.newest)
    result = std::max(result, tuple);
  return result;
}

void result_watch::expect_successor_of(pid_t lost) {
  std::lock_guard guard{watched.mutex};
  watched.lost = static_cast<std::uint32_t>(lost);
  watched.newest_then = watched.newest;
  watched.expected = clock::now();
}

std::optional<double> result_watch::recovered_after() {
  std::lock_guard guard{watched.mutex};
  return watched.recovered_after;
}

} // namespace braid

// NOLINTBEGIN: the macro makes static objects
BRAID_TOPOLOGY(word_frequency) {
  topology
    .source("fragments", braid::generate<braid::fragment>(
                           braid::make_fragment, braid::options_from(settings)))
    .flat_map("words", braid::split_fragment)
    .key_by([](const braid::word& x) { return x.text; })
    .process<braid::count_in_window>("counts")
    .sink("result", braid::watch_results{});
}

BRAID_TOPOLOGY(large_state) {
  auto keys = static_cast<std::uint64_t>(settings.number("keys"));
  auto changing = static_cast<std::uint64_t>(settings.number("changing"));
  auto make = [keys, changing](std::uint64_t index) {
    auto key = index < keys ? index : braid::bench_key(index, changing);
    return braid::update{key, index};
  };
  topology
    .source("updates",
            braid::generate<braid::update>(make, braid::options_from(settings)))
    .key_by([](const braid::update& x) { return x.key; })
    .process<braid::store>("store")
    .sink("result", braid::watch_results{});
}
// NOLINTEND
