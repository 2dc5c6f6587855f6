// State that no cache holds is fetched ahead of the tuples that need it, which
// nobody must be able to tell.
#include "tests/operators/one_operator.hpp"

#include "operators/state_fetcher.hpp"
#include "operators/stream_operator.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <map>
#include <string>

using namespace braid;
using namespace braid::test;

namespace {

struct visit {
  std::string who;
  bool last = false;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& who& last;
  }
};

using visits = keyed_value<std::string, std::uint64_t>;

/// Half a kilobyte a key.
class count_visits : public keyed_operator<std::string, visits> {
public:
  void on(const visit& x) {
    auto& known = counts.edit();
    ++known.back();
    emit(visits{key(), known.back()});
    if (x.last)
      counts.clear();
  }

private:
  value<std::array<std::uint64_t, 64>> counts{*this, "counts"};
};

const auto copy_of_name = [](const visit& x) { return x.who; };
const auto name_itself = [](const visit& x) -> const std::string& {
  return x.who;
};

/// Enough epochs that the operator looks how much state it has, and goes on.
template <class KeyOf>
void compare_with_map(KeyOf key_of) {
  one_operator<count_visits, visit, KeyOf> test{key_of};
  auto run = test.run({{0, 0, 0}, {0}});
  random_generator random{17};
  std::map<std::string, std::uint64_t> model;
  std::multimap<std::string, std::uint64_t> expected;
  for (int epoch = 0; epoch < 140; ++epoch) {
    std::vector<timed<visit>> input;
    for (int i = 0; i < 200; ++i) {
      visit next{std::to_string(random.below(10'000)), random.below(9) == 0};
      expected.emplace(next.who, ++model[next.who]);
      if (next.last)
        model.erase(next.who);
      input.push_back({0, std::move(next)});
    }
    run.template input<visit>(0, key_of).send(0, input);
    run.run(0);
  }
  CHECK(model.size() * 512 > (std::size_t{4} << 20));
  std::multimap<std::string, std::uint64_t> found;
  for (auto& each : run.template results<visits>("results"))
    found.emplace(each.value.key, each.value.value);
  CHECK(found == expected);
}

} // namespace

TEST_CASE("much state is handled as little is, with keys by value") {
  compare_with_map(copy_of_name);
}

TEST_CASE("much state is handled as little is, with keys in the tuples") {
  compare_with_map(name_itself);
}

TEST_CASE("to fetch entries of a table changes nothing") {
  tracked_table<std::uint32_t, std::array<std::uint64_t, 64>> table;
  std::vector<std::uint32_t> keys{1, 2, 3, 4};
  std::vector<coming_key> coming;
  for (auto& key : keys)
    coming.push_back({&key, key_hasher{}(key)});
  table.fetch(coming);
  CHECK(table.empty());
  table.edit(2).fill(7);
  table.edit(3).fill(8);
  table.forget_changes();
  table.fetch(coming);
  CHECK(!table.changed());
  CHECK(table.size() == 2);
  CHECK(table.find(3)->front() == 8);
}
