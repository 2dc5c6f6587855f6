#include "tests/simulator/item.hpp"

#include <algorithm>
#include <set>

namespace braid::simulator {

namespace {

std::string to_string(const recorded_tuple& x) {
  return "epoch " + std::to_string(x.epoch) + ", time " + std::to_string(x.time)
         + ", key " + std::to_string(x.tuple.key) + ", value "
         + std::to_string(x.tuple.value) + ", stamp "
         + std::to_string(x.tuple.stamp);
}

std::string at(const std::vector<recorded_tuple>& tuples, std::size_t index) {
  return index < tuples.size() ? to_string(tuples[index]) : "nothing";
}

std::string difference(const std::vector<recorded_tuple>& expected,
                       const std::vector<recorded_tuple>& found) {
  auto longest = std::max(expected.size(), found.size());
  for (std::size_t i = 0; i < longest; ++i)
    if (i >= expected.size() || i >= found.size() || expected[i] != found[i])
      return "tuple " + std::to_string(i) + "\n  expected " + at(expected, i)
             + "\n  found    " + at(found, i);
  return {};
}

template <class Map>
void add_keys(std::set<typename Map::key_type>& keys, const Map& map) {
  for (auto& [key, value] : map)
    keys.insert(key);
}

/// What `map` has for `key`, or an empty one.
template <class Map>
typename Map::mapped_type of(const Map& map,
                             const typename Map::key_type& key) {
  auto found = map.find(key);
  return found == map.end() ? typename Map::mapped_type{} : found->second;
}

} // namespace

std::string difference(const recording& expected, const recording& found) {
  std::set<std::string> sinks;
  add_keys(sinks, expected);
  add_keys(sinks, found);
  for (auto& sink : sinks) {
    auto left = of(expected, sink);
    auto right = of(found, sink);
    std::set<slice_id> slices;
    add_keys(slices, left);
    add_keys(slices, right);
    for (auto slice : slices)
      if (auto what = difference(of(left, slice), of(right, slice));
          !what.empty())
        return "sink '" + sink + "', slice " + std::to_string(slice) + ", "
               + what;
  }
  return {};
}

std::uint64_t count_tuples(const recording& all) {
  std::uint64_t result = 0;
  for (auto& [sink, slices] : all)
    for (auto& [slice, tuples] : slices)
      result += tuples.size();
  return result;
}

} // namespace braid::simulator
