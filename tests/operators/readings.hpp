// Random streams of readings, cut into epochs at random, for comparing
// operators with naive models of them.
#pragma once

#include "tests/operators/operator_fixture.hpp"

#include <cstdint>
#include <map>
#include <ostream>
#include <vector>

namespace braid::test {

struct reading {
  std::uint32_t sensor;
  std::int32_t value;

  bool operator==(const reading&) const = default;
};

inline const auto sensor_of = [](const reading& x) { return x.sensor; };

/// One epoch's input by upstream slice, and the watermark at its end.
struct scenario_epoch {
  std::map<slice_id, std::vector<timed<reading>>> input;
  event_time watermark = beginning_of_time;
};

using scenario = std::vector<scenario_epoch>;

struct scenario_options {
  std::uint32_t epochs = 30;
  std::uint32_t upstream_slices = 4;
  std::uint32_t sensors = 6;
  /// Tuples are up to so much older than the newest.
  event_time disorder = 12;
  /// Watermarks are up to so much older than the newest tuple.
  event_time watermark_lag = 20;
};

/// Event time begins before 1970. Some tuples come too late.
inline scenario random_scenario(random_generator& random,
                                const scenario_options& options) {
  auto below = [&](event_time bound) {
    return static_cast<event_time>(
      random.below(static_cast<std::uint64_t>(bound)));
  };
  scenario result;
  event_time newest = -60;
  auto watermark = beginning_of_time;
  for (std::uint32_t i = 0; i < options.epochs; ++i) {
    scenario_epoch epoch;
    for (auto n = below(25); n > 0; --n) {
      newest += below(3);
      epoch.input[static_cast<slice_id>(below(options.upstream_slices))]
        .push_back({newest - below(options.disorder + 1),
                    {static_cast<std::uint32_t>(below(options.sensors)),
                     static_cast<std::int32_t>(below(100))}});
    }
    if (i > 2 && below(3) > 0)
      watermark =
        std::max(watermark, newest - below(options.watermark_lag + 1));
    epoch.watermark = watermark;
    result.push_back(std::move(epoch));
  }
  result.push_back({{}, end_of_time});
  return result;
}

/// Hosting of all kinds, and state that is serialised in half of the runs.
inline fixture_options random_options(random_generator& random,
                                      std::uint32_t upstream_slices) {
  auto partitions = static_cast<std::uint32_t>(1 + random.below(3));
  auto slices = static_cast<std::uint32_t>(partitions + random.below(6));
  return {random_hosting(random, slices, partitions),
          random_hosting(random, upstream_slices,
                         static_cast<std::uint32_t>(1 + random.below(3))),
          random.below(2) == 0};
}

/// Plays `epochs` into the operator's first input. Now and then its slices move
/// to other partitions.
inline void play(operator_fixture& run, const scenario& epochs,
                 random_generator& random, std::uint32_t slices) {
  for (auto& epoch : epochs) {
    for (auto& [slice, tuples] : epoch.input)
      run.input<reading>(0, sensor_of).send(slice, tuples);
    run.run(epoch.watermark, epoch.watermark == end_of_time);
    if (random.below(8) == 0) {
      auto partitions =
        std::min(slices, 1 + static_cast<std::uint32_t>(random.below(3)));
      run.rehost(random_hosting(random, slices, partitions));
    }
  }
}

} // namespace braid::test
