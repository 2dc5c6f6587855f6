// Canonical order: what a slice sees of an epoch does not depend on where its
// tuples came from, nor on where it runs.
#include "tests/operators/operator_fixture.hpp"

#include "operators/slice_order.hpp"

#include <catch2/catch.hpp>
#include <numeric>

using namespace braid;
using namespace braid::test;

namespace {

using numbers = std::vector<std::uint32_t>;

/// A batch of numbers by upstream slice, routed by value if `keyed`.
batch_ptr batch_of(const std::vector<std::pair<slice_id, numbers>>& by_slice,
                   bool keyed = true) {
  batch_builder<std::uint32_t> builder;
  for (auto& [slice, values] : by_slice) {
    builder.begin_run(slice);
    for (auto value : values)
      if (keyed)
        builder.append(value, value, key_hash(value));
      else
        builder.append(value, value);
  }
  return builder.take();
}

void add_runs(std::vector<input_run>& runs, const batch_ptr& content,
              edge_id edge = 0, std::uint16_t port = 0) {
  std::uint32_t first = 0;
  for (auto& run : content->runs()) {
    runs.push_back({port, edge, run.slice, content.get(), first, run.count});
    first += run.count;
  }
}

numbers values_in(std::span<const tuple_view<std::uint32_t>> views) {
  numbers result;
  for (auto& view : views)
    result.push_back(*view.value);
  return result;
}

/// The order in which one slice sees the runs.
numbers arranged(std::vector<input_run> runs) {
  sort_runs(runs);
  hosted_slices all{{0}, 0};
  slice_order<std::uint32_t> order{all};
  order.arrange(runs);
  return values_in(order.of(0));
}

/// What the writers of `upstream` partitions ship of slices 0 .. 3, that emit
/// ten numbers each, to `downstream` partitions: by slice downstream.
std::map<slice_id, numbers> exchanged(routing how, slice_table upstream,
                                      slice_table downstream) {
  auto partitions = [](const slice_table& table) {
    return *std::max_element(table.begin(), table.end()) + 1;
  };
  std::vector<std::vector<batch_ptr>> shipped(partitions(downstream));
  edge_target target{
    0,
    how,
    downstream,
    partitions(downstream),
    40,
    [&](edge_id, partition_index to, epoch_number, batch_ptr content) {
      shipped[to].push_back(content);
    }};
  for (auto from = partitions(upstream); from-- > 0;) {
    edge_writer<std::uint32_t, itself_t> writer{target, itself};
    for (slice_id slice = 0; slice < 4; ++slice) {
      if (upstream[slice] != from)
        continue;
      writer.begin_slice({.number = 7}, slice);
      chunk<std::uint32_t> tuples;
      for (std::uint32_t i = 0; i < 10; ++i) {
        tuples.values.push_back(slice * 10 + i);
        tuples.times.push_back(0);
      }
      writer.take(tuples);
    }
    writer.finish_epoch();
  }
  std::map<slice_id, numbers> result;
  for (partition_index to = 0; to < shipped.size(); ++to) {
    std::vector<input_run> runs;
    for (auto& content : shipped[to])
      add_runs(runs, content);
    sort_runs(runs);
    hosted_slices hosted{downstream, to};
    slice_order<std::uint32_t> order{hosted};
    order.arrange(runs);
    for (auto slice : hosted.ids())
      if (auto views = order.of(hosted.local(slice)); !views.empty())
        result[slice] = values_in(views);
  }
  return result;
}

} // namespace

TEST_CASE("runs of interleaved upstream slices are merged, not concatenated "
          "[counterexample 2]") {
  auto even = batch_of({{0, {1, 2}}, {2, {5}}});
  auto odd = batch_of({{1, {3, 4}}, {3, {6}}});
  std::vector<input_run> runs;
  add_runs(runs, odd);
  add_runs(runs, even);
  CHECK(arranged(runs) == numbers{1, 2, 3, 4, 5, 6});
}

TEST_CASE("order is by port, edge, upstream slice, then emission "
          "[counterexample 9]") {
  auto late_port = batch_of({{0, {7}}});
  auto second_edge = batch_of({{0, {4}}, {3, {5, 6}}});
  auto first_edge = batch_of({{3, {1}}});
  auto more_of_it = batch_of({{3, {2}}, {4, {3}}});
  std::vector<input_run> runs;
  add_runs(runs, late_port, 2, 1);
  add_runs(runs, second_edge, 1);
  add_runs(runs, first_edge, 0);
  add_runs(runs, more_of_it, 0);
  CHECK(arranged(runs) == numbers{1, 2, 3, 4, 5, 6, 7});
}

TEST_CASE("one counting sort groups tuples by their own slice, in order") {
  numbers all(1000);
  std::iota(all.begin(), all.end(), 0u);
  auto first = batch_of({{0, numbers(all.begin(), all.begin() + 400)}});
  auto second = batch_of({{1, numbers(all.begin() + 400, all.end())}});
  std::vector<input_run> runs;
  add_runs(runs, first);
  add_runs(runs, second);
  slice_table table{1, 0, 1, 1, 0, 1, 0};
  std::map<slice_id, numbers> expected;
  for (auto value : all)
    expected[slice_of(key_hash(value), 7)].push_back(value);
  std::size_t seen = 0;
  for (partition_index partition : {0u, 1u}) {
    // Each partition gets what belongs to it.
    hosted_slices hosted{table, partition};
    std::vector<batch_ptr> own;
    std::vector<input_run> own_runs;
    for (slice_id upstream : {0u, 1u}) {
      numbers values;
      for (auto value : all)
        if ((value < 400) == (upstream == 0)
            && table[slice_of(key_hash(value), 7)] == partition)
          values.push_back(value);
      own.push_back(batch_of({{upstream, values}}));
      add_runs(own_runs, own.back());
    }
    slice_order<std::uint32_t> order{hosted};
    order.arrange(own_runs);
    for (auto slice : hosted.ids()) {
      CHECK(values_in(order.of(hosted.local(slice))) == expected[slice]);
      seen += order.of(hosted.local(slice)).size();
    }
  }
  CHECK(seen == 1000);
}

TEST_CASE("views carry times and hashes, and an order can be used again") {
  hosted_slices all{{0, 0}, 0};
  slice_order<std::uint32_t> order{all};
  auto content = batch_of({{0, {5, 9}}});
  std::vector<input_run> runs;
  add_runs(runs, content);
  order.arrange(runs);
  CHECK(order.size() == 2);
  for (std::uint32_t local : {0u, 1u})
    for (auto& view : order.of(local)) {
      CHECK(view.time == *view.value);
      CHECK(view.by == key_hash(*view.value));
    }
  order.arrange({});
  CHECK(order.size() == 0);
  CHECK(order.of(1).empty());
}

TEST_CASE("a run may be any stretch of a batch") {
  auto content = batch_of({{0, {1, 2, 3, 4, 5}}});
  CHECK(
    arranged({{0, 0, 3, content.get(), 1, 2}, {0, 0, 1, content.get(), 4, 1}})
    == numbers{5, 2, 3});
}

TEST_CASE("tuples without routes stay in their slice [counterexample 7]") {
  auto content = batch_of({{0, {1, 2}}, {2, {3}}}, false);
  std::vector<input_run> runs;
  add_runs(runs, content);
  hosted_slices all{{0, 0, 0}, 0};
  slice_order<std::uint32_t> order{all};
  order.arrange(runs);
  CHECK(values_in(order.of(0)) == numbers{1, 2});
  CHECK(order.of(1).empty());
  CHECK(values_in(order.of(2)) == numbers{3});
}

TEST_CASE("what each slice gets does not depend on hosting on either side "
          "[counterexample 7]") {
  auto how = GENERATE(routing::keyed, routing::forward, routing::rebalance);
  auto expected = exchanged(how, {0, 0, 0, 0}, {0, 0, 0, 0});
  std::size_t count = 0;
  for (auto& [slice, values] : expected)
    count += values.size();
  CHECK(count == 40);
  CHECK(exchanged(how, {0, 1, 0, 1}, {0, 0, 0, 0}) == expected);
  CHECK(exchanged(how, {3, 2, 1, 0}, {1, 1, 0, 2}) == expected);
  CHECK(exchanged(how, {0, 1, 1, 0}, {0, 1, 2, 3}) == expected);
}

TEST_CASE("rebalancing gives every slice its share, in every epoch "
          "[counterexample 7]") {
  auto slices = GENERATE(1u, 3u, 7u, 256u);
  for (epoch_number epoch : {1u, 2u, 1000u}) {
    std::vector<int> counts(slices);
    for (std::uint64_t i = 0; i < 10 * slices; ++i)
      ++counts[slice_of(balanced_route(epoch, 5, i, slices), slices)];
    CHECK(counts == std::vector<int>(slices, 10));
  }
  // Not always beginning with the same one.
  CHECK(balanced_route(1, 0, 0, 256) != balanced_route(2, 0, 0, 256));
}

TEST_CASE("a broadcast reaches every partition whole, in one order") {
  for (auto upstream : {slice_table{0, 0, 0, 0}, slice_table{1, 0, 1, 2}}) {
    std::vector<std::vector<batch_ptr>> shipped(3);
    edge_target target{
      0,
      routing::broadcast,
      {0, 1, 2},
      3,
      40,
      [&](edge_id, partition_index to, epoch_number, batch_ptr content) {
        shipped[to].push_back(content);
      }};
    std::vector<std::uint32_t> sent(3);
    for (partition_index from : {2u, 1u, 0u}) {
      edge_writer<std::uint32_t, without_key> writer{target, {}};
      for (slice_id slice = 0; slice < 4; ++slice)
        if (upstream[slice] == from) {
          writer.begin_slice({.number = 7}, slice);
          writer.take({numbers(10, slice), std::vector<event_time>(10, 0)});
        }
      auto counts = writer.finish_epoch();
      for (std::size_t i = 0; i < 3; ++i)
        sent[i] += counts[i];
    }
    CHECK(sent == std::vector<std::uint32_t>{40, 40, 40});
    for (auto& batches : shipped) {
      std::vector<input_run> runs;
      for (auto& content : batches)
        add_runs(runs, content);
      sort_runs(runs);
      numbers order;
      for (auto& run : runs)
        order.insert(order.end(), run.count, run.slice);
      CHECK(order.size() == 40);
      CHECK(std::is_sorted(order.begin(), order.end()));
    }
  }
}
