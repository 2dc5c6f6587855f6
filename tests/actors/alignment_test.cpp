#include "tests/actors/partition_messages.hpp"

#include "actors/alignment.hpp"

#include <catch2/catch.hpp>

using namespace braid;

namespace {

using values = std::vector<std::uint64_t>;

/// Closes slices `first` .. `last` - 1 of edge 0 in `epoch`.
close_notice closing(slice_range slices, epoch_number epoch) {
  close_notice result;
  result.first = result.last = epoch;
  result.slices = {slices};
  return result;
}

close_notice on_edge(edge_id edge, close_notice notice) {
  notice.edge = edge;
  return notice;
}

close_notice from(partition_index partition, close_notice notice) {
  notice.from = partition;
  return notice;
}

close_notice with_tuples(std::uint32_t tuples, close_notice notice) {
  notice.tuples = tuples;
  return notice;
}

close_notice at_watermark(event_time watermark, close_notice notice) {
  notice.watermark = watermark;
  return notice;
}

close_notice idle(close_notice notice) {
  notice.idle = true;
  return notice;
}

close_notice ended(close_notice notice) {
  notice.ended = true;
  return notice;
}

values taken_values(const alignment::epoch_input& input) {
  values result;
  for (auto& run : input.runs) {
    auto source =
      static_cast<const typed_batch<std::uint64_t>&>(*run.source).values();
    result.insert(result.end(), source.begin() + run.first,
                  source.begin() + run.first + run.count);
  }
  return result;
}

} // namespace

TEST_CASE("an epoch is sealed once every slice upstream has closed it") {
  alignment aligned{{{0, 0, 3}, {1, 0, 1}}};
  CHECK(!aligned.sealed());
  aligned.close(closing({0, 2}, 1));
  aligned.close(from(1, closing({2, 3}, 1)));
  CHECK(!aligned.sealed());
  aligned.close(on_edge(1, closing({0, 1}, 1)));
  REQUIRE(aligned.sealed());
  CHECK(aligned.next() == 1);
  CHECK(aligned.take().epoch.number == 1);
  CHECK(aligned.next() == 2);
  CHECK(!aligned.sealed());
}

TEST_CASE("epochs are taken in order, whichever is complete first") {
  alignment aligned{{{0, 0, 2}}};
  aligned.add(0, 0, 2, batch_of({{0, {20}}}));
  aligned.close(closing({0, 1}, 1));
  aligned.close(with_tuples(1, closing({0, 1}, 2)));
  aligned.add(0, 1, 1, batch_of({{1, {11}}}));
  CHECK(aligned.pending_epochs() == 2);
  CHECK(!aligned.sealed());
  aligned.close(from(1, with_tuples(1, closing({1, 2}, 1))));
  CHECK(taken_values(aligned.take()) == values{11});
  aligned.close(from(1, closing({1, 2}, 2)));
  CHECK(taken_values(aligned.take()) == values{20});
  CHECK(aligned.pending_epochs() == 0);
}

TEST_CASE("input comes by port, edge, upstream slice and emission "
          "[counterexamples 2 and 9]") {
  // Edges 3 and 5 on port 0, edge 4 on port 1; slices 0, 2 and 1, 3 of edge 3
  // are hosted together.
  alignment aligned{{{5, 0, 4}, {4, 1, 4}, {3, 0, 4}}};
  aligned.add(5, 0, 1, batch_of({{0, {50}}, {3, {53}}}));
  aligned.add(4, 0, 1, batch_of({{0, {40}}, {3, {43}}}));
  aligned.add(3, 1, 1, batch_of({{1, {31}}, {3, {33}}}));
  aligned.add(3, 0, 1, batch_of({{0, {30, 300}}, {2, {32}}}));
  aligned.add(3, 0, 1, batch_of({{2, {320}}}));
  for (edge_id edge : {3, 4, 5}) {
    auto close = on_edge(edge, closing({0, 4}, 1));
    close.tuples = edge == 3 ? 4 : 2;
    aligned.close(close);
  }
  auto input = aligned.take();
  CHECK(taken_values(input)
        == values{30, 300, 31, 32, 320, 33, 50, 53, 40, 43});
  CHECK(input.tuples == 10);
}

TEST_CASE("what comes again for a closed slice is dropped") {
  alignment aligned{{{0, 0, 2}}};
  auto tuples = batch_of({{0, {1, 2}}});
  auto close = with_tuples(2, closing({0, 1}, 1));
  aligned.add(0, 0, 1, tuples);
  aligned.close(close);
  auto bytes = aligned.pending_bytes();

  SECTION("from the same partition") {
    aligned.add(0, 0, 1, tuples);
    CHECK_NOTHROW(aligned.close(close));
  }
  SECTION("from the partition that hosts the slice now") {
    aligned.add(0, 1, 1, tuples);
    CHECK_NOTHROW(aligned.close(from(1, close)));
  }
  SECTION("the close alone") {
    CHECK_NOTHROW(aligned.close(close));
  }
  CHECK(aligned.pending_bytes() == bytes);
  aligned.close(from(1, closing({1, 2}, 1)));
  auto input = aligned.take();
  CHECK(taken_values(input) == values{1, 2});
  CHECK(input.tuples == 2);
}

TEST_CASE("of a batch with closed and open slices the open ones are taken") {
  alignment aligned{{{0, 0, 2}}};
  aligned.add(0, 0, 1, batch_of({{0, {1}}}));
  aligned.close(with_tuples(1, closing({0, 1}, 1)));
  aligned.add(0, 1, 1, batch_of({{0, {1}}, {1, {2}}}));
  aligned.close(from(1, with_tuples(2, closing({0, 2}, 1))));
  auto input = aligned.take();
  CHECK(taken_values(input) == values{1, 2});
  CHECK(input.tuples == 2);
}

TEST_CASE("what comes for an epoch that was taken is dropped") {
  alignment aligned{{{0, 0, 1}}};
  aligned.close(closing({0, 1}, 1));
  aligned.take();
  aligned.add(0, 0, 1, batch_of({{0, {1}}}));
  aligned.close(with_tuples(1, closing({0, 1}, 1)));
  CHECK(aligned.pending_epochs() == 0);
  CHECK(aligned.pending_bytes() == 0);
}

TEST_CASE("one close may close several epochs") {
  alignment aligned{{{0, 0, 1}}};
  aligned.add(0, 0, 1, batch_of({{0, {1}}}));
  auto close = with_tuples(1, closing({0, 1}, 1));
  close.last = 3;
  aligned.close(close);
  CHECK(taken_values(aligned.take()) == values{1});
  for (epoch_number epoch : {2, 3}) {
    REQUIRE(aligned.sealed());
    auto input = aligned.take();
    CHECK(input.epoch.number == epoch);
    CHECK(input.runs.empty());
  }
  CHECK(!aligned.sealed());
}

TEST_CASE("a close that overlaps what was closed before closes the rest") {
  alignment aligned{{{0, 0, 1}}};
  aligned.close(closing({0, 1}, 1));
  aligned.take();
  auto close = closing({0, 1}, 1);
  close.last = 2;
  aligned.close(close);
  CHECK(aligned.take().epoch.number == 2);
}

TEST_CASE("lost messages are noticed") {
  alignment aligned{{{0, 0, 2}}};
  SECTION("a close") {
    CHECK_THROWS_AS(aligned.close(closing({0, 1}, 2)), protocol_error);
  }
  SECTION("tuples") {
    aligned.add(0, 0, 1, batch_of({{0, {1}}}));
    CHECK_THROWS_AS(aligned.close(with_tuples(2, closing({0, 1}, 1))),
                    protocol_error);
  }
  SECTION("tuples of one of two partitions") {
    aligned.add(0, 0, 1, batch_of({{0, {1, 2}}}));
    CHECK_THROWS_AS(aligned.close(from(1, with_tuples(2, closing({1, 2}, 1)))),
                    protocol_error);
  }
}

TEST_CASE("tuples of slices that do not exist are refused") {
  alignment aligned{{{0, 0, 2}}};
  CHECK_THROWS_AS(aligned.add(0, 0, 1, batch_of({{2, {1}}})), protocol_error);
}

TEST_CASE("a slice that has ended counts as closed in all later epochs") {
  alignment aligned{{{0, 0, 2}}};
  // The end comes ahead of epochs that others have not closed yet.
  aligned.close(closing({0, 1}, 1));
  aligned.close(ended(closing({0, 1}, 2)));
  for (epoch_number epoch : {1, 2, 3, 4}) {
    CHECK(!aligned.sealed());
    auto close = from(1, closing({1, 2}, epoch));
    aligned.close(epoch == 4 ? ended(close) : close);
    REQUIRE(aligned.sealed());
    CHECK(aligned.take().epoch.last == (epoch == 4));
  }
  CHECK(!aligned.sealed());
}

TEST_CASE("the last epoch is the last of the slice that ends last") {
  alignment aligned{{{0, 0, 1}, {1, 0, 1}}};
  for (epoch_number epoch : {1, 2, 3}) {
    auto close = on_edge(1, closing({0, 1}, epoch));
    aligned.close(epoch == 3 ? ended(close) : close);
  }
  aligned.close(ended(closing({0, 1}, 1)));
  CHECK(!aligned.take().epoch.last);
  CHECK(!aligned.take().epoch.last);
  auto last = aligned.take();
  CHECK(last.epoch.last);
  CHECK(last.epoch.watermark_after == end_of_time);
  CHECK(!aligned.sealed());
}

TEST_CASE("the watermark is the lowest of all upstream partitions") {
  alignment aligned{{{0, 0, 2}, {1, 0, 1}}};
  aligned.close(at_watermark(30, closing({0, 1}, 1)));
  aligned.close(from(1, at_watermark(10, closing({1, 2}, 1))));
  aligned.close(on_edge(1, at_watermark(20, closing({0, 1}, 1))));
  auto first = aligned.take().epoch;
  CHECK(first.watermark_before == beginning_of_time);
  CHECK(first.watermark_after == 10);
  aligned.close(at_watermark(40, closing({0, 1}, 2)));
  aligned.close(from(1, at_watermark(40, closing({1, 2}, 2))));
  aligned.close(on_edge(1, at_watermark(25, closing({0, 1}, 2))));
  auto second = aligned.take().epoch;
  CHECK(second.watermark_before == 10);
  CHECK(second.watermark_after == 25);
}

TEST_CASE("the watermark never falls") {
  alignment aligned{{{0, 0, 1}}};
  aligned.close(at_watermark(10, closing({0, 1}, 1)));
  aligned.close(at_watermark(5, closing({0, 1}, 2)));
  aligned.take();
  CHECK(aligned.take().epoch.watermark_after == 10);
}

TEST_CASE("who is idle does not hold the watermark back") {
  alignment aligned{{{0, 0, 1}, {1, 0, 2}}};
  auto close_others = [&](epoch_number epoch, event_time watermark) {
    aligned.close(on_edge(1, at_watermark(watermark, closing({0, 1}, epoch))));
    aligned.close(on_edge(1, from(1, idle(closing({1, 2}, epoch)))));
  };
  SECTION("from the beginning") {
    aligned.close(idle(closing({0, 1}, 1)));
    close_others(1, 20);
    auto epoch = aligned.take().epoch;
    CHECK(epoch.watermark_after == 20);
    CHECK(!epoch.idle);
  }
  SECTION("after it was active") {
    aligned.close(at_watermark(10, closing({0, 1}, 1)));
    close_others(1, 20);
    CHECK(aligned.take().epoch.watermark_after == 10);
    aligned.close(idle(closing({0, 1}, 2)));
    close_others(2, 30);
    CHECK(aligned.take().epoch.watermark_after == 30);
  }
}

TEST_CASE("when all are idle the watermark stays, and so it is passed on") {
  alignment aligned{{{0, 0, 1}, {1, 0, 1}}};
  aligned.close(at_watermark(10, closing({0, 1}, 1)));
  aligned.close(on_edge(1, ended(closing({0, 1}, 1))));
  CHECK(aligned.take().epoch.watermark_after == 10);
  aligned.close(idle(closing({0, 1}, 2)));
  auto epoch = aligned.take().epoch;
  CHECK(epoch.watermark_after == 10);
  CHECK(epoch.idle);
}

TEST_CASE("who has ended does not hold the watermark back, from that epoch") {
  alignment aligned{{{0, 0, 1}, {1, 0, 1}}};
  aligned.close(at_watermark(10, closing({0, 1}, 1)));
  aligned.close(ended(closing({0, 1}, 2)));
  for (epoch_number epoch : {1, 2, 3})
    aligned.close(on_edge(1, at_watermark(100, closing({0, 1}, epoch))));
  CHECK(aligned.take().epoch.watermark_after == 10);
  CHECK(aligned.take().epoch.watermark_after == 100);
}

TEST_CASE("an epoch's time is the newest of its closes and never falls "
          "[counterexample 11]") {
  alignment aligned{{{0, 0, 2}}};
  auto close = [&](partition_index partition, epoch_number epoch,
                   event_time now) {
    auto notice = from(partition, closing({partition, partition + 1}, epoch));
    notice.now = now;
    aligned.close(notice);
  };
  close(0, 1, 100);
  close(1, 1, 200);
  close(0, 2, 150);
  close(1, 2, 190);
  CHECK(aligned.take().epoch.now == 200);
  CHECK(aligned.take().epoch.now == 200);
}

TEST_CASE("it is known how far each upstream partition has closed") {
  alignment aligned{{{0, 0, 2}}};
  CHECK(aligned.closed_by(0, 0) == 0);
  CHECK(aligned.newest_closed() == 0);
  aligned.close(closing({0, 1}, 1));
  aligned.close(closing({0, 1}, 2));
  aligned.close(from(1, closing({1, 2}, 1)));
  CHECK(aligned.closed_by(0, 0) == 2);
  CHECK(aligned.closed_by(0, 1) == 1);
  CHECK(aligned.newest_closed() == 2);
  aligned.close(ended(closing({0, 1}, 3)));
  CHECK(aligned.closed_by(0, 0) == ~epoch_number{0});
  CHECK(aligned.newest_closed() == 3);
}

TEST_CASE("what waits is counted until it is taken") {
  alignment aligned{{{0, 0, 1}}};
  auto tuples = batch_of({{0, {1, 2, 3}}});
  aligned.add(0, 0, 1, tuples);
  aligned.add(0, 0, 2, tuples);
  CHECK(aligned.pending_bytes() == 2 * tuples->bytes());
  aligned.close(with_tuples(3, closing({0, 1}, 1)));
  auto input = aligned.take();
  CHECK(input.bytes == tuples->bytes());
  CHECK(aligned.pending_bytes() == tuples->bytes());
}
