#include "scaling/heavy_hitters.hpp"

#include <algorithm>
#include <cassert>

namespace braid {

heavy_hitters::heavy_hitters(std::size_t size) : size_(size) {
  assert(size > 0);
  counters_.reserve(size);
}

const heavy_hitters::counter& heavy_hitters::add(std::uint64_t item) {
  ++total_;
  auto smallest = counters_.begin();
  for (auto i = counters_.begin(); i != counters_.end(); ++i) {
    if (i->item == item) {
      ++i->count;
      return *i;
    }
    if (i->count < smallest->count)
      smallest = i;
  }
  if (counters_.size() < size_)
    return counters_.emplace_back(counter{item, 1, 0});
  *smallest = {item, smallest->count + 1, smallest->count};
  return *smallest;
}

const heavy_hitters::counter* heavy_hitters::heaviest() const {
  auto found = std::max_element(
    counters_.begin(), counters_.end(),
    [](const auto& a, const auto& b) { return a.certain() < b.certain(); });
  return found == counters_.end() ? nullptr : &*found;
}

void heavy_hitters::clear() {
  counters_.clear();
  total_ = 0;
}

} // namespace braid
