#include "checkpoint/backup_store.hpp"

#include "operators/random.hpp"

#include <catch2/catch.hpp>
#include <stdexcept>
#include <string>

using namespace braid;

namespace {

const backup_key key{1, {2, 3}};
using outcome = restored_slice::outcome;

byte_buffer bytes_of(const std::string& text) {
  return byte_buffer{std::as_bytes(std::span{text})};
}

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// States are written "=epoch/incarnation", changes "base>epoch/incarnation":
/// folding checks that they fit: into their base or what followed it. What
/// follows a space only takes up room.
std::string folded(const std::string& base, const std::string& changes) {
  auto begin = base.find_first_of("=>") + 1;
  auto arrow = changes.find('>');
  auto epoch = std::stoul(base.substr(begin));
  if (begin == 0 || std::stoul(changes) > epoch
      || std::stoul(changes.substr(arrow + 1)) <= epoch)
    throw std::runtime_error{"cannot fold " + changes + " into " + base};
  auto end = changes.find(' ');
  return base.substr(0, begin) + changes.substr(arrow + 1, end - arrow - 1);
}

byte_buffer fold(std::span<const std::span<const std::byte>> parts) {
  auto result = text_of(parts[0]);
  for (auto& changes : parts.subspan(1))
    result = folded(result, text_of(changes));
  return bytes_of(result);
}

slice_backup full(epoch_number epoch, incarnation_number incarnation = 1,
                  std::size_t padding = 0) {
  return {std::nullopt, epoch, incarnation,
          bytes_of("=" + std::to_string(epoch) + "/"
                   + std::to_string(incarnation) + " "
                   + std::string(padding, 'x'))};
}

slice_backup changes(epoch_number base, epoch_number epoch,
                     incarnation_number incarnation = 1,
                     std::size_t padding = 0) {
  return {base, epoch, incarnation,
          bytes_of(std::to_string(base) + ">" + std::to_string(epoch) + "/"
                   + std::to_string(incarnation) + " "
                   + std::string(padding, 'x'))};
}

slice_backup no_changes(epoch_number base, epoch_number epoch,
                        incarnation_number incarnation = 1) {
  return {base, epoch, incarnation, {}};
}

backup_store store_of(std::uint64_t limit = 1'000'000,
                      std::uint32_t fold_percent = 1'000'000) {
  return backup_store{{limit, fold_percent}, fold};
}

/// The state that a restore makes, "=epoch/incarnation".
std::string state_of(const restored_slice& x) {
  if (x.result == outcome::missing)
    return "missing";
  if (x.result == outcome::damaged)
    return "damaged";
  auto result = text_of(*x.full);
  for (auto& part : x.changes)
    result = folded(result, text_of(*part));
  return result.substr(0, result.find(' '));
}

std::string state_at(const backup_store& store, epoch_number epoch) {
  return state_of(store.restore(key, epoch));
}

using epochs = std::vector<epoch_number>;

} // namespace

TEST_CASE("a restore gives the full copy and the changes since, in order") {
  auto store = store_of();
  CHECK(state_at(store, 100) == "missing");
  CHECK(store.put(key, full(40)) == put_result::stored);
  CHECK(store.put(key, changes(40, 50)) == put_result::stored);
  CHECK(store.put(key, changes(50, 60)) == put_result::stored);
  CHECK(state_at(store, 39) == "missing");
  CHECK(state_at(store, 40) == "=40/1");
  CHECK(state_at(store, 55) == "=50/1");
  auto found = store.restore(key, 60);
  CHECK(found.epoch == 60);
  CHECK(found.changes.size() == 2);
  CHECK(state_of(found) == "=60/1");
  CHECK(store.put(key, full(70)) == put_result::stored);
  CHECK(store.restore(key, 70).changes.empty());
}

TEST_CASE("changes to what is not held are refused") {
  auto store = store_of();
  CHECK(store.put(key, changes(40, 50)) == put_result::base_missing);
  store.put(key, full(40));
  store.put(key, changes(40, 50));
  CHECK(store.put(key, changes(55, 60)) == put_result::base_missing);
  CHECK(state_at(store, 60) == "=50/1");
  SECTION("nor are changes to what another instance sent") {
    CHECK(store.put(key, changes(50, 60, 2)) == put_result::base_missing);
    store.stable(key.run, 50);
    CHECK(store.put(key, changes(50, 60, 2)) == put_result::stored);
  }
  CHECK_THROWS_AS(store.put(key, changes(60, 60)), std::invalid_argument);
}

// The instance that takes over goes on from an epoch that was stable then.
TEST_CASE("changes go with a later copy than their base, too") {
  auto store = store_of();
  store.put(key, full(50));
  CHECK(store.put(key, changes(40, 60, 2)) == put_result::base_missing);
  store.stable(key.run, 50);
  CHECK(store.put(key, changes(40, 60, 2)) == put_result::stored);
  CHECK(store.put(key, changes(45, 70, 3)) == put_result::stored);
  CHECK(state_at(store, 60) == "=60/2");
  CHECK(state_at(store, 70) == "=70/3");
  CHECK(store.restore(key, 70).changes.size() == 1);
  CHECK(store.put(key, changes(45, 50, 3)) == put_result::known);
}

TEST_CASE("a backup that is held already is accepted again") {
  auto store = store_of();
  store.put(key, full(40));
  store.put(key, changes(40, 50));
  auto held = store.bytes();
  CHECK(store.put(key, changes(40, 50)) == put_result::known);
  store.stable(key.run, 50);
  CHECK(store.put(key, full(40)) == put_result::known);
  CHECK(store.bytes() == held);
}

// [18] H folds P's changes of 60; the report of 60 never comes; P dies.
TEST_CASE("nothing beyond the stable epoch is folded") {
  auto store = store_of(1'000'000, 0);
  store.put(key, full(40));
  store.put(key, changes(40, 50));
  store.put(key, changes(50, 60));
  store.stable(key.run, 40);
  CHECK_FALSE(store.fold_next());
  CHECK(state_at(store, 40) == "=40/1");
  store.stable(key.run, 50);
  CHECK(store.fold_next());
  CHECK_FALSE(store.fold_next());
  CHECK(store.epochs(key) == epochs{50, 60});
  CHECK(state_at(store, 50) == "=50/1");
  CHECK(state_at(store, 60) == "=60/1");
}

// [19] P backs up 60 and dies; P' re-cuts 60.
TEST_CASE("a fence voids what came beyond the stable epoch") {
  auto store = store_of();
  store.put(key, full(40));
  store.put(key, changes(40, 50));
  store.put(key, changes(50, 60));
  store.fence(key, 2, 50);
  CHECK(store.epochs(key) == epochs{40, 50});
  CHECK(store.put(key, changes(50, 60)) == put_result::fenced);
  CHECK(store.put(key, full(60)) == put_result::fenced);
  CHECK(state_at(store, 60) == "=50/1");
  CHECK(store.put(key, changes(50, 60, 2)) == put_result::stored);
  CHECK(state_at(store, 60) == "=60/2");
  // An older fence, or an older stable epoch, comes late.
  store.fence(key, 1, 40);
  CHECK(store.put(key, full(70, 1)) == put_result::fenced);
  CHECK(state_at(store, 60) == "=60/2");
}

TEST_CASE("a newer incarnation's backup replaces an older one's") {
  auto store = store_of();
  store.put(key, full(40));
  store.put(key, changes(40, 60));
  CHECK(store.put(key, full(60, 2)) == put_result::stored);
  CHECK(store.put(key, full(60, 1)) == put_result::known);
  store.fence(key, 2, 40);
  CHECK(state_at(store, 60) == "=60/2");
}

// Old and new owner of a slice back up side by side during a hand-over.
TEST_CASE("folding waits for whoever builds on what it would take away") {
  auto store = store_of(1'000'000, 0);
  store.put(key, full(40));
  store.stable(key.run, 40);
  store.put(key, changes(40, 50, 1));
  store.put(key, changes(40, 60, 2));
  store.stable(key.run, 50);
  CHECK_FALSE(store.fold_next());
  CHECK(state_at(store, 50) == "=50/1");
  CHECK(state_at(store, 60) == "=60/2");
  store.stable(key.run, 60);
  CHECK(store.epochs(key) == epochs{40, 60});
  CHECK(store.fold_next());
  CHECK(store.epochs(key) == epochs{60});
}

TEST_CASE("a newer full copy takes the place of older ones once stable") {
  auto store = store_of();
  store.put(key, full(40));
  store.put(key, changes(40, 50));
  store.put(key, full(60));
  CHECK(store.epochs(key) == epochs{40, 50, 60});
  store.stable(key.run, 60);
  CHECK(store.epochs(key) == epochs{60});
  store.stable(key.run, 50);
  CHECK(state_at(store, 60) == "=60/1");
  SECTION("also when it comes late") {
    CHECK(store.put({1, {2, 4}}, full(50)) == put_result::stored);
    CHECK(store.put({1, {2, 4}}, full(60)) == put_result::stored);
    CHECK(store.epochs({1, {2, 4}}) == epochs{60});
  }
}

TEST_CASE("changes are folded when they outgrow a share of their base") {
  auto changed = GENERATE(std::size_t{3'000}, std::size_t{6'000});
  auto store = store_of(1'000'000, 50);
  store.put(key, full(40, 1, 10'000));
  store.put(key, changes(40, 50, 1, changed));
  store.stable(key.run, 50);
  auto before = store.bytes();
  CHECK(store.fold_next() == (changed == 6'000));
  CHECK((store.bytes() < before) == (changed == 6'000));
  CHECK(store.epochs(key).front() == (changed == 6'000 ? 50 : 40));
  CHECK(state_at(store, 50) == "=50/1");
}

TEST_CASE("what is held takes no more memory than it counts for") {
  auto roomy = [](auto parts) {
    auto result = fold(parts);
    result.reserve(100'000);
    return result;
  };
  backup_store store{{1'000'000, 0}, roomy};
  store.put(key, full(40, 1, 2'000));
  store.put(key, changes(40, 50));
  store.stable(key.run, 50);
  CHECK(store.fold_next());
  auto held = store.restore(key, 50);
  CHECK(state_of(held) == "=50/1");
  CHECK(held.full->capacity() < 1'000);
}

TEST_CASE("a slice that does not change is held once") {
  auto store = store_of();
  store.put(key, full(40, 1, 3'000));
  store.stable(key.run, 40);
  auto held = store.bytes();
  for (epoch_number epoch = 50; epoch <= 200; epoch += 10) {
    CHECK(store.put(key, no_changes(epoch - 10, epoch)) == put_result::stored);
    CHECK(state_at(store, epoch) == "=40/1");
    CHECK(store.restore(key, epoch).epoch == epoch);
    store.stable(key.run, epoch);
    CHECK(store.bytes() == held);
    CHECK(store.epochs(key) == epochs{epoch});
  }
  CHECK(state_at(store, 199) == "missing");
  CHECK(store.put(key, no_changes(205, 210)) == put_result::base_missing);
  CHECK_FALSE(store.fold_next());
  store.drop(key);
  CHECK(store.bytes() == 0);
}

TEST_CASE("a slice may change now and then") {
  auto store = store_of(1'000'000, 0);
  store.put(key, full(40));
  store.put(key, no_changes(40, 50));
  auto changed = changes(40, 60);
  changed.base = 50;
  store.put(key, std::move(changed));
  store.put(key, no_changes(60, 70));
  CHECK(state_at(store, 50) == "=40/1");
  CHECK(state_at(store, 70) == "=60/1");
  CHECK(store.restore(key, 70).epoch == 70);
  store.stable(key.run, 50);
  CHECK(store.epochs(key) == epochs{50, 60, 70});
  store.stable(key.run, 70);
  CHECK(store.epochs(key) == epochs{50, 70});
  CHECK(state_at(store, 70) == "=60/1");
  SECTION("others may build on what is older") {
    store.put(key, no_changes(70, 80, 1));
    store.put(key, changes(70, 90, 2));
    store.stable(key.run, 80);
    CHECK(store.epochs(key) == epochs{50, 70, 80, 90});
    store.stable(key.run, 90);
    CHECK(store.epochs(key) == epochs{50, 70, 90});
  }
}

TEST_CASE("many small changes are folded, too") {
  auto store = backup_store{{1'000'000, 1'000'000, 8}, fold};
  store.put(key, full(40));
  epoch_number epoch = 40;
  for (int i = 0; i < 7; ++i, ++epoch)
    store.put(key, changes(epoch, epoch + 1));
  store.stable(key.run, epoch);
  CHECK_FALSE(store.fold_next());
  store.put(key, changes(epoch, epoch + 1));
  store.stable(key.run, ++epoch);
  CHECK(store.fold_next());
  CHECK(store.epochs(key) == epochs{40, epoch});
  CHECK(state_at(store, epoch) == "=48/1");
}

TEST_CASE("the same changes again and again leave their base alone") {
  auto store = store_of(1'000'000, 50);
  store.put(key, full(40, 1, 10'000));
  for (epoch_number epoch = 41; epoch < 60; ++epoch) {
    store.put(key, changes(epoch - 1, epoch, 1, 2'000));
    store.stable(key.run, epoch);
    store.fold_next();
    CHECK(store.bytes() < 18'000);
    CHECK(store.epochs(key).front() == 40);
    CHECK(state_at(store, epoch) == "=" + std::to_string(epoch) + "/1");
  }
}

TEST_CASE("what a restore was given stays, whatever is folded meanwhile") {
  auto store = store_of(1'000'000, 0);
  store.put(key, full(40));
  store.put(key, changes(40, 50));
  store.stable(key.run, 50);
  auto reading = store.restore(key, 50);
  CHECK(store.fold_next());
  store.drop_run(key.run);
  CHECK(state_of(reading) == "=50/1");
}

TEST_CASE("a put over the limit is refused, and what is held stays good") {
  auto store = store_of(5'000);
  CHECK(store.put(key, full(40, 1, 3'000)) == put_result::stored);
  auto held = store.bytes();
  CHECK(held >= 3'000);
  CHECK(store.put(key, full(50, 1, 3'000)) == put_result::over_limit);
  CHECK(store.bytes() == held);
  CHECK(state_at(store, 50) == "=40/1");
  CHECK(store.put(key, changes(40, 50, 1, 100)) == put_result::stored);
  // Room is made only once the old copy is not needed.
  store.drop(key);
  CHECK(store.bytes() == 0);
  CHECK(store.put(key, full(50, 1, 3'000)) == put_result::stored);
  CHECK_THAT(to_string(put_result::over_limit), Catch::Contains("raise"));
}

TEST_CASE("damage is told, and not folded in") {
  auto store = store_of(1'000'000, 0);
  store.put(key, full(40));
  store.put(key, changes(40, 50));
  store.put(key, changes(50, 60));
  auto part = store.restore(key, 60).changes.back();
  const_cast<byte_buffer&>(*part).data()[3] ^= std::byte{1};
  CHECK(state_at(store, 60) == "damaged");
  CHECK(store.restore(key, 60).full == nullptr);
  CHECK(state_at(store, 50) == "=50/1");
  store.stable(key.run, 60);
  store.fold_next();
  CHECK(state_at(store, 60) == "damaged");
  CHECK(store.put(key, full(70)) == put_result::stored);
  CHECK(state_at(store, 70) == "=70/1");
}

TEST_CASE("a fold that fails leaves what is held as it is") {
  auto store = store_of(1'000'000, 0);
  auto odd = changes(40, 50);
  odd.content = bytes_of("45>50/1 ");
  store.put(key, full(40));
  store.put(key, std::move(odd));
  store.stable(key.run, 50);
  auto held = store.bytes();
  CHECK_THROWS_WITH(store.fold_next(), Catch::Contains("cannot fold"));
  CHECK_FALSE(store.fold_next());
  CHECK(store.bytes() == held);
  CHECK(store.epochs(key) == epochs{40, 50});
}

TEST_CASE("slices and runs are kept apart") {
  auto store = store_of();
  backup_key other_slice{1, {2, 4}};
  backup_key other_run{2, {2, 3}};
  store.put(key, full(40));
  store.put(other_slice, full(41));
  store.put(other_run, full(42));
  CHECK(store.slices(1) == std::vector<operator_slice>{{2, 3}, {2, 4}});
  store.fence(key, 2, 0);
  CHECK(store.slices(1) == std::vector<operator_slice>{{2, 4}});
  CHECK(store.put(other_slice, full(50)) == put_result::stored);
  store.drop_run(1);
  CHECK(store.slices(1).empty());
  CHECK(store.epochs(other_run) == epochs{42});
  store.drop_run(2);
  CHECK(store.bytes() == 0);
}

namespace {

/// Every backup that is good, for ever.
class naive_store {
public:
  struct entry {
    std::optional<epoch_number> base;
    incarnation_number incarnation;
  };

  void put(const slice_backup& x) {
    auto& held = entries_[x.epoch];
    held = {x.base, x.incarnation};
  }

  void fence(incarnation_number successor, epoch_number to) {
    stable(to);
    std::erase_if(entries_, [&](auto& x) {
      return x.first > stable_ && x.second.incarnation < successor;
    });
  }

  void stable(epoch_number to) {
    stable_ = std::max(stable_, to);
  }

  std::string state_at(epoch_number epoch) const {
    auto after = entries_.upper_bound(epoch);
    if (after == entries_.begin())
      return "missing";
    auto& found = *std::prev(after);
    return "=" + std::to_string(found.first) + "/"
           + std::to_string(found.second.incarnation);
  }

  epoch_number stable() const {
    return stable_;
  }

private:
  std::map<epoch_number, entry> entries_;
  epoch_number stable_ = 0;
};

} // namespace

TEST_CASE("a backup store restores what a naive one does") {
  auto seed = GENERATE(range(0, 100));
  INFO("seed " << seed);
  random_generator random{static_cast<std::uint64_t>(seed)};
  auto store = store_of(1'000'000, static_cast<std::uint32_t>(seed % 3) * 100);
  naive_store model;
  incarnation_number alive = 1;
  for (int step = 0; step < 200; ++step) {
    auto near = model.stable() + random.below(10);
    auto incarnation = alive + random.below(3);
    switch (random.below(8)) {
      case 0:
        store.stable(key.run, near - near % 3);
        model.stable(near - near % 3);
        break;
      case 1:
        if (random.below(4) != 0)
          break;
        alive += random.below(2);
        store.fence(key, alive, near - near % 5);
        model.fence(alive, near - near % 5);
        break;
      case 2:
        store.fold_next();
        break;
      default: {
        auto base = near - std::min(near, 1 + random.below(6));
        auto whole = base == near || random.below(3) == 0;
        auto put = [&] {
          return whole ? full(near, incarnation)
                       : changes(base, near, incarnation);
        };
        auto result = store.put(key, put());
        REQUIRE(result != put_result::over_limit);
        REQUIRE(result != put_result::fenced);
        if (result == put_result::stored)
          model.put(put());
      }
    }
    for (epoch_number ahead = 0; ahead < 10; ++ahead)
      REQUIRE(state_at(store, model.stable() + ahead)
              == model.state_at(model.stable() + ahead));
  }
  store.drop(key);
  CHECK(store.bytes() == 0);
}
