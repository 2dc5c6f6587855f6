#include "operators/batch.hpp"

#include "operators/key_hash.hpp"

#include <cassert>
#include <cstring>
#include <string>

namespace braid {

namespace {

/// How an encoded batch begins. Host byte order: nodes of one cluster run on
/// machines of one kind.
struct wire_head {
  std::uint32_t size;
  std::uint32_t run_count;
  std::uint64_t values_bytes;
  event_time uniform_time;
  std::uint8_t raw;
  std::uint8_t has_routes;
  std::uint8_t has_times;
  std::uint8_t reserved[37];
};

static_assert(sizeof(wire_head) == column_alignment);

std::size_t padded(std::size_t bytes) {
  return (bytes + column_alignment - 1) / column_alignment * column_alignment;
}

constexpr std::byte zeros[column_alignment] = {};

/// The bytes that bring `bytes` up to the next column.
std::span<const std::byte> padding(std::size_t bytes) {
  return {zeros, padded(bytes) - bytes};
}

template <class T>
std::span<const T> column(std::span<const std::byte>& rest, std::size_t count,
                          const char* name) {
  auto bytes = count * sizeof(T);
  if (rest.size() < bytes)
    throw decode_error{std::string{"batch ends inside its "} + name};
  std::span<const T> result{reinterpret_cast<const T*>(rest.data()), count};
  rest = rest.subspan(std::min(padded(bytes), rest.size()));
  return result;
}

} // namespace

batch_ptr select(const batch_ptr& from, const std::vector<bool>& slices) {
  auto count = static_cast<std::uint32_t>(slices.size());
  auto routes = from->routes();
  std::vector<std::uint32_t> chosen;
  std::uint32_t index = 0;
  for (auto& run : from->runs())
    for (auto end = index + run.count; index < end; ++index) {
      auto slice = routes.empty() ? run.slice : slice_of(routes[index], count);
      if (slices[slice])
        chosen.push_back(index);
    }
  if (chosen.empty())
    return nullptr;
  return chosen.size() == from->size() ? from : from->pick(chosen);
}

std::vector<slice_run>
batch::runs_of(std::span<const std::uint32_t> indexes) const {
  std::vector<slice_run> result;
  auto at = indexes.begin();
  std::uint32_t end = 0;
  for (auto& run : runs_) {
    end += run.count;
    auto next = std::lower_bound(at, indexes.end(), end);
    if (next != at)
      result.push_back({run.slice, static_cast<std::uint32_t>(next - at)});
    at = next;
  }
  return result;
}

encoded_batch batch::encode_columns(bool raw, std::size_t values_bytes) const {
  wire_head head{};
  head.size = size_;
  head.run_count = static_cast<std::uint32_t>(runs_.size());
  head.values_bytes = values_bytes;
  head.uniform_time = uniform_time_;
  head.raw = raw;
  head.has_routes = !routes_.empty();
  head.has_times = !times_.empty();
  encoded_batch result;
  result.head.resize(sizeof(head));
  std::memcpy(result.head.data(), &head, sizeof(head));
  // The first column, the values, is filled in by the typed batch.
  result.columns.emplace_back();
  result.columns.push_back(padding(values_bytes));
  for (auto column_bytes :
       {std::as_bytes(runs_), std::as_bytes(routes_), std::as_bytes(times_)}) {
    result.columns.push_back(column_bytes);
    result.columns.push_back(padding(column_bytes.size()));
  }
  return result;
}

std::span<const std::byte>
batch::decode_columns(std::span<const std::byte> body, bool raw,
                      std::size_t value_size) {
  assert(reinterpret_cast<std::uintptr_t>(body.data()) % column_alignment == 0);
  wire_head head;
  if (body.size() < sizeof(head))
    throw decode_error{"batch ends inside its head"};
  std::memcpy(&head, body.data(), sizeof(head));
  if (raw != (head.raw != 0))
    throw decode_error{"batch holds tuples of another type than its edge"};
  if (raw && head.values_bytes != head.size * std::uint64_t{value_size})
    throw decode_error{"batch holds tuples of another size than its edge"};
  auto rest = body.subspan(sizeof(head));
  auto values = column<std::byte>(rest, head.values_bytes, "values");
  size_ = head.size;
  uniform_time_ = head.uniform_time;
  runs_ = column<slice_run>(rest, head.run_count, "runs");
  routes_ = column<route>(rest, head.has_routes ? size_ : 0, "routes");
  times_ = column<event_time>(rest, head.has_times ? size_ : 0, "times");
  std::uint64_t in_runs = 0;
  for (auto& run : runs_)
    in_runs += run.count;
  if (in_runs != size_)
    throw decode_error{"the runs of a batch do not add up to its tuples"};
  return values;
}

} // namespace braid
