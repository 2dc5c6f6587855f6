#include "tests/simulator/topology_description.hpp"

namespace braid::simulator {

bool has_side(node_kind kind) {
  return kind >= node_kind::window && kind <= node_kind::split;
}

namespace user {

std::uint64_t mixed(std::uint64_t left, std::uint64_t right) {
  auto x = left * 0xff51afd7ed558ccd + right + 1;
  x = (x ^ (x >> 33)) * 0xc4ceb9fe1a85ec53;
  return x ^ (x >> 29);
}

item mapped(const item& x, std::uint64_t parameter) {
  auto key = parameter % 3 == 0 ? mixed(x.key, parameter) % 5 : x.key;
  return {key, mixed(x.value, parameter), x.stamp};
}

bool kept(const item& x, std::uint64_t parameter) {
  return mixed(x.value, parameter) % 4 != 0;
}

std::uint64_t copies(const item& x, std::uint64_t parameter) {
  return mixed(x.value, parameter) % 3;
}

item copy(const item& x, std::uint64_t index) {
  return {x.key, mixed(x.value, index), x.stamp};
}

item of_window(std::uint64_t key, event_time begin, event_time end,
               std::uint64_t value) {
  return {key, mixed(value, static_cast<std::uint64_t>(begin)), end};
}

item joined(const item& left, const item& right) {
  return {left.key, mixed(left.value, right.value), left.stamp};
}

} // namespace user

} // namespace braid::simulator
