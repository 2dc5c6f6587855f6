// The form of state that needs no types: reading, folding, and refusing what is
// damaged.
#include "operators/random.hpp"
#include "operators/state_fold.hpp"
#include "operators/state_records.hpp"

#include <catch2/catch.hpp>
#include <map>
#include <string>
#include <vector>

using namespace braid;

namespace {

/// A state as records, by group and key.
using section = std::map<std::string, std::string>;
using slice = std::map<std::string, std::map<std::string, section>>;

std::string text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span{text});
}

auto writes(const std::string& text) {
  return [&text](byte_buffer& out) { out.append(bytes_of(text)); };
}

/// What a slice without anything below it holds.
slice read(std::span<const std::byte> bytes) {
  slice result;
  record_reader in{bytes};
  while (in.next_state())
    while (in.next_section()) {
      auto name = std::string(in.name());
      auto group = text(in.group());
      while (in.next_record())
        result[name][group][text(in.key())] = text(in.value());
      while (in.next_erased())
        result[name][group].erase(text(in.key()));
    }
  return result;
}

/// Makes random changes to a model, and writes them down.
class random_changes {
public:
  explicit random_changes(std::uint64_t seed) : random_(seed) {}

  byte_buffer next(slice& model) {
    byte_buffer result;
    record_writer out{result};
    for (auto name : {"counts", "windows", "x"})
      if (random_.below(3) > 0)
        write_state(name, model[name], out);
    out.end();
    prune(model);
    return result;
  }

private:
  bool one_in(std::uint64_t n) {
    return random_.below(n) == 0;
  }

  void write_state(const std::string& name,
                   std::map<std::string, section>& groups, record_writer& out) {
    auto extent =
      one_in(8) ? record_extent::everything : record_extent::changes;
    if (extent == record_extent::everything)
      groups.clear();
    out.begin_state(name, extent);
    for (auto group : {"", "g", "group of long name"})
      if (one_in(2))
        write_section(group, groups[group], out);
    out.end();
  }

  void write_section(const std::string& group, section& records,
                     record_writer& out) {
    auto extent =
      one_in(4) ? record_extent::everything : record_extent::changes;
    if (extent == record_extent::everything)
      records.clear();
    section set;
    section erased;
    // Of the same size, so that one section may fix it and another not.
    for (auto n = random_.below(6); n > 0; --n)
      set[key()] = std::to_string(1000 + random_.below(9000));
    for (auto n = random_.below(3); n > 0; --n)
      if (auto gone = key(); !set.contains(gone))
        erased[gone];
    out.begin_section(
      bytes_of(group), extent,
      {one_in(2) ? std::optional<std::size_t>{3} : std::nullopt,
       one_in(2) ? std::optional<std::size_t>{4} : std::nullopt});
    out.begin_records(set.size());
    for (auto& [key, value] : set) {
      out.key(writes(key));
      out.value(writes(value));
      records[key] = value;
    }
    out.begin_erased(erased.size());
    for (auto& [key, nothing] : erased) {
      out.key(writes(key));
      records.erase(key);
    }
  }

  std::string key() {
    return std::to_string(100 + random_.below(12));
  }

  /// Empty groups and states are as good as none.
  static void prune(slice& model) {
    for (auto& [name, groups] : model)
      std::erase_if(groups, [](auto& group) { return group.second.empty(); });
    std::erase_if(model, [](auto& state) { return state.second.empty(); });
  }

  random_generator random_;
};

slice pruned(slice model) {
  for (auto& [name, groups] : model)
    std::erase_if(groups, [](auto& group) { return group.second.empty(); });
  std::erase_if(model, [](auto& state) { return state.second.empty(); });
  return model;
}

byte_buffer nothing() {
  byte_buffer result;
  record_writer{result}.end();
  return result;
}

void read_all(std::span<const std::byte> bytes) {
  record_reader in{bytes};
  while (in.next_state())
    while (in.next_section())
      while (in.next_erased()) {
      }
}

} // namespace

TEST_CASE("records of one size take a byte or two beside themselves") {
  byte_buffer bytes;
  record_writer out{bytes};
  out.begin_state("aggregate", record_extent::everything);
  out.begin_section({}, record_extent::everything, {8, 8});
  out.begin_records(100);
  for (std::uint64_t i = 0; i < 100; ++i) {
    out.key([&](byte_buffer& to) { to.append(&i, 8); });
    out.value([&](byte_buffer& to) { to.append(&i, 8); });
  }
  out.begin_erased(0);
  out.end();
  out.end();
  CHECK(bytes.size() <= 1600 + 20);
}

TEST_CASE("long values get long lengths") {
  for (std::size_t size : {0, 1, 127, 128, 129, 16383, 16384, 3'000'000}) {
    std::string value(size, 'v');
    byte_buffer bytes;
    record_writer out{bytes};
    out.begin_state("s", record_extent::changes);
    out.begin_section({}, record_extent::changes, {});
    out.begin_records(1);
    out.key(writes(value));
    out.value(writes(value));
    out.begin_erased(0);
    out.end();
    out.end();
    CHECK(read(bytes.bytes()) == slice{{"s", {{"", {{value, value}}}}}});
  }
}

TEST_CASE("a record of another size than announced is a mistake") {
  byte_buffer bytes;
  record_writer out{bytes};
  out.begin_section({}, record_extent::changes, {3, 4});
  CHECK_THROWS_AS(out.key(writes("four")), std::logic_error);
}

TEST_CASE("records are adopted, and not copied where there is room") {
  auto room = GENERATE(std::size_t{0}, std::size_t{200});
  saved_classes known;
  known.add({7, 1, 0});
  auto records = byte_buffer::with_front(room, 1'000);
  record_writer written{records, {3, 4}};
  written.key(writes("key"));
  written.value(writes("four"));
  written.key(writes("two"));
  written.value(writes("more"));
  auto* at = records.data();
  byte_buffer adopted;
  byte_buffer usual;
  for (auto* into : {&adopted, &usual}) {
    record_writer out{*into};
    out.begin_state("s", record_extent::changes, known);
    out.begin_section(bytes_of("g"), record_extent::changes, {3, 4});
    if (into == &adopted) {
      out.adopt_records(2, std::move(records));
      CHECK((adopted.data() <= at && at < adopted.data() + adopted.size())
            == (room > 0));
    } else {
      out.begin_records(2);
      for (auto* text : {"key", "two"}) {
        out.key(writes(text));
        out.value(writes(text == std::string{"key"} ? "four" : "more"));
      }
    }
    out.begin_erased(1);
    out.key(writes("old"));
    // One that became known late.
    out.classes().add({8, 2, 16});
    out.end();
    out.end();
  }
  CHECK(adopted == usual);
  record_reader in{adopted.bytes()};
  REQUIRE(in.next_state());
  CHECK(in.classes().all().size() == 2);
  CHECK(in.classes().all()[1] == saved_class{8, 2, 16});
}

TEST_CASE("a reader skips what it is not asked for") {
  byte_buffer bytes;
  record_writer out{bytes};
  for (auto name : {"a", "b"}) {
    out.begin_state(name, record_extent::everything);
    for (auto group : {"g", "h"}) {
      out.begin_section(bytes_of(group), record_extent::changes, {});
      out.begin_records(1);
      out.key(writes("k"));
      out.value(writes("v"));
      out.begin_erased(1);
      out.key(writes("gone"));
    }
    out.end();
  }
  out.end();
  record_reader in{bytes.bytes()};
  std::string seen;
  while (in.next_state())
    seen += in.name();
  CHECK(seen == "ab");
  CHECK(!in.next_state());
  CHECK(!in.next_section());
  CHECK(!in.next_record());
  record_reader groups{bytes.bytes()};
  while (groups.next_state())
    while (groups.next_section())
      seen += text(groups.group());
  CHECK(seen == "abghgh");
}

TEST_CASE("folded changes are what a model holds") {
  auto seed = static_cast<std::uint64_t>(GENERATE(range(0, 60)));
  random_changes random{seed};
  slice model;
  auto base = nothing();
  // A base must be complete for all its states.
  record_writer out{base};
  base.clear();
  for (auto name : {"counts", "windows", "x"}) {
    out.begin_state(name, record_extent::everything);
    out.end();
  }
  out.end();
  std::vector<byte_buffer> changes;
  for (auto i = 0; i < 10; ++i) {
    changes.push_back(random.next(model));
    CAPTURE(seed, i);
    auto together = nothing();
    for (auto& each : changes)
      together = fold(together.bytes(), each.bytes());
    auto one_by_one = base;
    for (auto& each : changes)
      one_by_one = fold(one_by_one.bytes(), each.bytes());
    CHECK(pruned(read(one_by_one.bytes())) == model);
    CHECK(pruned(read(fold(base.bytes(), together.bytes()).bytes())) == model);
    std::vector parts{base.bytes()};
    for (auto& each : changes)
      parts.push_back(each.bytes());
    auto at_once = fold_all(parts);
    CHECK(pruned(read(at_once.bytes())) == model);
    CHECK(at_once.capacity() <= at_once.size() + 1'000);
    auto changes_at_once = fold_all(std::span{parts}.subspan(1));
    CHECK(pruned(read(fold(base.bytes(), changes_at_once.bytes()).bytes()))
          == model);
  }
}

TEST_CASE("torn records are refused") {
  random_changes random{7};
  slice model;
  for (auto i = 0; i < 20; ++i) {
    auto whole = random.next(model);
    CHECK_NOTHROW(read_all(whole.bytes()));
    for (std::size_t size = 0; size < whole.size(); ++size) {
      CHECK_THROWS_AS(read_all(whole.bytes().first(size)), decode_error);
      CHECK_THROWS_AS(fold(nothing().bytes(), whole.bytes().first(size)),
                      decode_error);
      CHECK_THROWS_AS(fold(whole.bytes().first(size), nothing().bytes()),
                      decode_error);
    }
    whole.extend(1);
    CHECK_THROWS_AS(read_all(whole.bytes()), decode_error);
  }
}

TEST_CASE("damaged records are refused, or mean something else") {
  random_changes random{8};
  random_generator bits{9};
  slice model;
  auto base = random.next(model);
  for (auto i = 0; i < 2000; ++i) {
    auto damaged = random.next(model);
    auto at = bits.below(damaged.size());
    damaged.data()[at] ^= static_cast<std::byte>(1 << bits.below(8));
    try {
      read_all(damaged.bytes());
      fold(base.bytes(), damaged.bytes());
      fold(damaged.bytes(), base.bytes());
    } catch (const decode_error&) {
    }
  }
  SUCCEED();
}
