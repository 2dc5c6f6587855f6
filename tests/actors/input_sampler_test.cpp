// What of a partition's input is counted, and which key it warns of.
#include "actors/input_sampler.hpp"

#include "operators/key_hash.hpp"
#include "operators/slice.hpp"

#include <catch2/catch.hpp>

using namespace braid;

namespace {

/// Knows the keys' names, and does nothing else.
class idle_operator final : public operator_instance {
public:
  void process(const epoch_info&, std::span<const input_run>) override {}

  std::string key_text(const input_run& run,
                       std::uint32_t index) const override {
    auto& source = static_cast<const typed_batch<std::uint64_t>&>(*run.source);
    return std::to_string(source.values()[index]);
  }
};

/// A keyed, a broadcast and a forward edge to a partition that hosts slices 1
/// and 3 of 4.
struct rig {
  rig() : sampler(inputs, slices, load) {
    inputs[0].how = routing::keyed;
    inputs[1].how = routing::broadcast;
    inputs[2].how = routing::forward;
    for (edge_id id = 0; id < 3; ++id)
      inputs[id].id = id;
  }

  void take(epoch_number epoch, event_time wall,
            const std::vector<input_run>& runs) {
    sampler.on_epoch(instance, epoch, runs, wall);
  }

  std::vector<edge_node> inputs{3};
  hosted_slices slices{{0, 1, 0, 1}, 1};
  partition_load load;
  input_sampler sampler;
  idle_operator instance;
};

std::uint64_t key_of_slice(slice_id slice) {
  std::uint64_t key = 0;
  while (slice_of(static_cast<route>(key_hash(key)), 4) != slice)
    ++key;
  return key;
}

batch_ptr keyed_batch(std::uint64_t key, std::uint32_t tuples) {
  batch_builder<std::uint64_t> builder;
  builder.begin_run(0);
  for (std::uint32_t i = 0; i < tuples; ++i)
    builder.append(key, 0, static_cast<route>(key_hash(key)));
  return builder.take();
}

batch_ptr plain_batch(std::uint32_t tuples) {
  batch_builder<std::uint64_t> builder;
  builder.begin_run(3);
  for (std::uint32_t i = 0; i < tuples; ++i)
    builder.append(i, 0);
  return builder.take();
}

} // namespace

TEST_CASE("tuples of some epochs count by slice") {
  rig one;
  auto keyed = keyed_batch(key_of_slice(1), 5);
  auto plain = plain_batch(3);
  std::vector<input_run> runs{{0, 0, 0, keyed.get(), 0, 5},
                              {1, 1, 3, plain.get(), 0, 3},
                              {0, 2, 3, plain.get(), 0, 3}};
  for (epoch_number epoch = 1; epoch <= 2 * input_sampler::stride; ++epoch)
    one.take(epoch, 0, runs);
  CHECK(one.load.slice_tuples[0] == 2 * 5); // slice 1
  CHECK(one.load.slice_tuples[1] == 2 * 3); // slice 3, by the forward edge
}

TEST_CASE("a key that keeps its partition busy is named") {
  rig one;
  auto hot = keyed_batch(key_of_slice(1), 9'000);
  auto other = keyed_batch(key_of_slice(3), 1'000);
  std::vector<input_run> runs{{0, 0, 0, hot.get(), 0, 9'000},
                              {0, 0, 0, other.get(), 0, 1'000}};
  auto interval = [&](epoch_number number, double busy) {
    auto wall = static_cast<event_time>(number) * input_sampler::interval;
    one.load.busy_ns += static_cast<std::uint64_t>(
      busy * 1e3 * static_cast<double>(input_sampler::interval));
    one.take(number * input_sampler::stride, wall, runs);
    return one.load.take_hot_key();
  };
  CHECK(!interval(1, 1)); // nothing is known of the time before
  CHECK(!interval(2, 0.2));
  auto found = interval(3, 1);
  REQUIRE(found);
  CHECK(found->name == std::to_string(key_of_slice(1)));
  CHECK(found->share_permille > 800);
  CHECK(!interval(4, 1)); // it is known
}
