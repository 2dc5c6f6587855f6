#include "actors/checkpoint_capture.hpp"

#include "operators/state_fold.hpp"
#include "operators/state_table.hpp"

#include <catch2/catch.hpp>

using namespace braid;

namespace {

/// An operator whose slices are tables.
class tables final : public operator_instance {
public:
  explicit tables(const instance_setup& setup) {
    host(contents, setup);
    shared.host(1);
    share(shared);
  }

  void process(const epoch_info&, std::span<const input_run>) override {}

  state_table<std::uint64_t, std::uint64_t> contents{"contents"};
  state_table<std::uint64_t, std::uint64_t> shared{"shared"};
};

/// Slices 10, 13, 16 ... of an operator, 100 records in each.
class partition_on_trial {
public:
  static constexpr std::uint32_t slices = 8;

  explicit partition_on_trial(capture_limits limits = {})
    : capture{slices, limits}, live(setup_of(hosted)) {
    for (std::uint32_t local = 0; local < slices; ++local)
      for (std::uint64_t key = 0; key < 100; ++key)
        live.contents.of(local).edit(key) = local;
  }

  static hosted_slices make_hosted() {
    slice_table table(40, 1);
    for (std::uint32_t i = 0; i < slices; ++i)
      table[10 + 3 * i] = 0;
    return {table, 0};
  }

  static instance_setup setup_of(const hosted_slices& hosted) {
    instance_setup result;
    result.slices = hosted;
    return result;
  }

  /// Is made from `restored`; holders have that of some slices, by local
  /// number.
  void begin_with(const partition_checkpoint& restored,
                  const std::vector<std::uint32_t>& held) {
    std::vector<slice_id> ids;
    for (auto local : held) {
      auto id = ids.emplace_back(hosted.id(local));
      kept_[id] = {restored.epoch, restored.slices.at(id)};
    }
    std::map<slice_id, std::uint64_t> bytes;
    for (std::uint32_t local = 0; local < slices; ++local) {
      auto& content = restored.slices.at(hosted.id(local));
      live.load_slice(local, content.bytes());
      bytes[hosted.id(local)] = content.size();
    }
    capture.begin_with(restored.epoch, ids, bytes, hosted);
  }

  partition_checkpoint take(epoch_number epoch, bool ended = false) {
    begin(epoch, ended);
    return write();
  }

  void begin(epoch_number epoch, bool ended = false) {
    partition_checkpoint begun;
    begun.epoch = epoch;
    begun.ended = ended;
    capture.begin(live, hosted, std::move(begun));
  }

  partition_checkpoint write() {
    auto result = capture.write(live, hosted, slices);
    REQUIRE(result);
    REQUIRE_FALSE(capture.is_writing());
    keep(*result);
    return std::move(*result);
  }

  std::size_t take_ahead(epoch_number epoch, event_time wall) {
    auto taken = capture.take_ahead(live, hosted, epoch, wall);
    if (!taken)
      return 0;
    CHECK(taken->ahead);
    CHECK(taken->epoch == epoch);
    keep(*taken);
    return taken->slices.size();
  }

  void set(std::uint32_t local, std::uint64_t key, std::uint64_t value) {
    live.contents.of(local).edit(key) = value;
  }

  /// What holders have is what there is.
  bool is_kept() {
    for (std::uint32_t local = 0; local < slices; ++local) {
      tables copy{setup_of(hosted)};
      auto found = kept_.find(hosted.id(local));
      if (found == kept_.end())
        return false;
      copy.load_slice(local, found->second.second.bytes());
      byte_buffer mine, theirs;
      live.save_slice(local, mine);
      copy.save_slice(local, theirs);
      if (!(mine == theirs))
        return false;
    }
    return true;
  }

  hosted_slices hosted = make_hosted();
  checkpoint_capture capture;
  tables live;

private:
  void keep(const partition_checkpoint& taken) {
    for (auto& [slice, content] : taken.slices) {
      auto base = taken.bases.find(slice);
      if (base == taken.bases.end()) {
        kept_[slice] = {taken.epoch, content};
        continue;
      }
      auto& [epoch, bytes] = kept_.at(slice);
      REQUIRE(base->second == epoch);
      REQUIRE(epoch < taken.epoch);
      if (!content.empty())
        bytes = fold(bytes.bytes(), content.bytes());
      epoch = taken.epoch;
    }
  }

  std::map<slice_id, std::pair<epoch_number, byte_buffer>> kept_;
};

std::uint64_t bytes_of(const partition_checkpoint& x) {
  std::uint64_t result = 0;
  for (auto& [slice, content] : x.slices)
    result += content.size();
  return result;
}

} // namespace

TEST_CASE("after the first checkpoint only what changed is taken",
          "[backups]") {
  partition_on_trial trial;
  auto first = trial.take(10);
  CHECK_FALSE(first.ahead);
  CHECK(first.slices.size() == 8);
  CHECK(first.bases.empty());
  CHECK_FALSE(first.shared_base);
  CHECK_FALSE(first.shared.empty());
  auto second = trial.take(20);
  CHECK(second.slices.size() == 8);
  CHECK(second.bases.size() == 8);
  CHECK(second.shared_base == 10);
  CHECK(bytes_of(second) + second.shared.size() == 0);
  trial.set(3, 5, 1'000);
  trial.live.shared.of(0).edit(1) = 1;
  auto third = trial.take(30);
  CHECK(bytes_of(third) > 0);
  CHECK(bytes_of(third) < 60);
  CHECK(third.bases.at(trial.hosted.id(3)) == 20);
  CHECK(third.shared_base == 20);
  CHECK_FALSE(third.shared.empty());
  CHECK(trial.is_kept());
}

TEST_CASE("what was restored is taken as changes to what holders have",
          "[backups]") {
  partition_on_trial lost;
  auto restored = lost.take(10);
  partition_on_trial trial;
  trial.begin_with(restored, {0, 1, 2, 3, 4, 5});
  trial.set(5, 5, 1'000);
  trial.set(6, 6, 1'000);
  auto first = trial.take(20);
  CHECK_FALSE(first.ahead);
  CHECK(first.slices.size() == 8);
  CHECK(first.bases.size() == 6);
  CHECK_FALSE(first.shared_base);
  CHECK(first.slices.at(trial.hosted.id(0)).empty());
  CHECK_FALSE(first.slices.at(trial.hosted.id(5)).empty());
  CHECK(trial.is_kept());
}

TEST_CASE("copies that were lost are taken anew", "[backups]") {
  partition_on_trial trial;
  trial.take(10);
  trial.set(2, 5, 1'000);
  trial.capture.lose({{trial.hosted.id(1), trial.hosted.id(2)}, false},
                     trial.hosted);
  auto next = trial.take(20);
  CHECK_FALSE(next.ahead);
  CHECK(next.bases.size() == 6);
  CHECK_FALSE(next.bases.contains(trial.hosted.id(2)));
  CHECK(next.shared_base == 10);
  CHECK(trial.is_kept());
  trial.capture.lose({{}, true}, trial.hosted);
  next = trial.take(30);
  CHECK(next.bases.size() == 8);
  CHECK_FALSE(next.shared_base);
}

TEST_CASE("a second checkpoint of an epoch is not based on the first",
          "[backups]") {
  partition_on_trial trial;
  trial.take(10);
  CHECK(trial.take(10).bases.empty());
  CHECK(trial.take(20).bases.size() == 8);
}

TEST_CASE("what is too much for a checkpoint is taken between two",
          "[backups]") {
  // Two slices at once; one in a second.
  partition_on_trial trial{{3'000, 1'600, 4}};
  auto first = trial.take(10);
  CHECK(first.ahead);
  CHECK(first.slices.size() == 2);
  CHECK(first.shared.empty());
  CHECK(trial.capture.is_behind());
  trial.set(0, 5, 1'000); // is in the first copies
  trial.set(7, 5, 1'000);
  event_time now = 1'000'000'000;
  CHECK(trial.take_ahead(11, now) == 1);
  CHECK(trial.take_ahead(12, now + 1'000) == 0);
  CHECK(trial.take_ahead(13, now + 500'000) == 0);
  CHECK(trial.take_ahead(14, now + 1'300'000) == 1);
  auto second = trial.take(20);
  CHECK(second.ahead);
  CHECK(second.slices.size() == 2);
  for (epoch_number epoch = 21; trial.capture.is_behind(); ++epoch)
    trial.take_ahead(epoch, now += 2'000'000);
  trial.set(5, 5, 1'000);
  auto third = trial.take(40);
  CHECK_FALSE(third.ahead);
  CHECK(third.slices.size() == 8);
  CHECK(third.bases.size() == 8);
  CHECK(third.bases.at(trial.hosted.id(0)) == 10);
  CHECK(trial.is_kept());
  CHECK(trial.take_ahead(41, now + 10'000'000) == 0);
}

TEST_CASE("what has ended is taken whole", "[backups]") {
  partition_on_trial trial{{1, 1, 4}};
  auto last = trial.take(10, true);
  CHECK_FALSE(last.ahead);
  CHECK(last.slices.size() == 8);
  CHECK(trial.is_kept());
}

TEST_CASE("now and then a slice that changes is taken whole", "[backups]") {
  partition_on_trial trial{{32 << 20, 128 << 20, 2}};
  trial.take(10);
  std::vector<epoch_number> whole;
  for (epoch_number epoch = 11; epoch <= 30; ++epoch) {
    for (std::uint64_t key = 0; key < 40; ++key)
      trial.set(3, key, epoch);
    auto taken = trial.take(epoch);
    if (taken.bases.size() < 8)
      whole.push_back(epoch);
  }
  CHECK(whole == std::vector<epoch_number>{16, 22, 28});
  CHECK(trial.is_kept());
}

TEST_CASE("a checkpoint is written while the partition goes on",
          "[checkpoint]") {
  partition_on_trial trial;
  partition_on_trial twin;
  trial.take(10);
  twin.take(10);
  for (auto* each : {&trial, &twin})
    for (std::uint32_t local = 0; local < 5; ++local)
      each->set(local, local, 1'000);
  auto expected = twin.take(20);
  trial.begin(20);
  trial.set(1, 1, 2'000);
  trial.set(1, 70, 2'000);
  CHECK_FALSE(trial.capture.write(trial.live, trial.hosted, 2));
  CHECK(trial.capture.is_writing());
  trial.set(4, 4, 2'000);
  trial.live.contents.of(3).erase(3);
  auto written = trial.write();
  CHECK(written.slices == expected.slices);
  CHECK(written.bases == expected.bases);
  // What changed meanwhile is in the next one.
  CHECK(bytes_of(trial.take(30)) > 0);
  CHECK(trial.is_kept());
}

TEST_CASE("many slices are written over several epochs", "[checkpoint]") {
  CHECK(partition_on_trial{}.capture.share_of_epoch() == 1);
}
