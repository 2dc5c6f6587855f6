#include "bench/archive_bench.hpp"

#include "operators/archive.hpp"

#include <boost/archive/binary_iarchive.hpp>
#include <boost/archive/binary_oarchive.hpp>
#include <boost/serialization/unordered_map.hpp>
#include <cassert>
#include <cstdint>
#include <cstring>
#include <sstream>
#include <string>
#include <unordered_map>

namespace braid {

namespace {

/// Trivially copyable, 24 bytes.
struct reading {
  std::uint64_t sensor = 1;
  double value = 2;
  std::uint32_t unit = 3;
  std::uint32_t flags = 4;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& sensor& value& unit& flags;
  }
};

/// The same, but its `serialize` has to be called.
struct reading_by_fields : reading {
  template <class Archive>
  void serialize(Archive& archive, unsigned version) {
    reading::serialize(archive, version);
  }
};

} // namespace

template <>
inline constexpr bool encode_by_fields<reading_by_fields> = true;

namespace {

constexpr int runs = 31;

/// Makes the compiler believe that somebody reads all of memory.
void keep() {
  asm volatile("" ::: "memory");
}

/// Returns how many times as long `left` takes as `right`: the median over runs
/// in which they alternate, so that a disturbance hits both.
template <class Left, class Right>
double ratio(int repetitions, Left&& left, Right&& right) {
  auto repeated = [repetitions](auto& work) {
    return seconds_of([&] {
      for (int i = 0; i < repetitions; ++i) {
        work();
        keep();
      }
    });
  };
  left();
  right();
  std::vector<double> ratios;
  for (int i = 0; i < runs; ++i) {
    auto left_seconds = repeated(left);
    ratios.push_back(left_seconds / repeated(right));
  }
  return median(std::move(ratios));
}

// -- against memcpy -----------------------------------------------------------

void measure_vector(std::vector<measurement>& results, std::size_t count,
                    int repetitions, const std::string& where) {
  const std::vector<reading> values(count);
  std::vector<reading> target(count);
  auto size = count * sizeof(reading);
  auto copy = [&] { std::memcpy(target.data(), values.data(), size); };

  byte_buffer buffer;
  auto save = ratio(
    repetitions,
    [&] {
      buffer.clear();
      encode(values, buffer);
    },
    copy);
  results.push_back(at_most(3, "archive: save a vector of structs, " + where,
                            save, "times as long as memcpy"));

  std::vector<reading> loaded;
  auto load = ratio(
    repetitions,
    [&] {
      input_archive archive(buffer);
      decode(archive, loaded);
    },
    copy);
  assert(loaded.size() == count);
  results.push_back(at_most(3, "archive: load a vector of structs, " + where,
                            load, "times as long as memcpy"));
}

// -- against Boost ------------------------------------------------------------

template <class T>
std::string saved_by_boost(const T& value) {
  std::stringstream stream;
  {
    boost::archive::binary_oarchive archive(stream);
    archive << value;
  }
  return stream.str();
}

template <class T>
T loaded_by_boost(const std::string& bytes) {
  std::stringstream stream(bytes);
  boost::archive::binary_iarchive archive(stream);
  T value;
  archive >> value;
  return value;
}

template <class T>
void measure_map(std::vector<measurement>& results, const std::string& what) {
  constexpr std::uint64_t count = 10'000;
  constexpr int repetitions = 3;
  using map = std::unordered_map<std::uint64_t, T>;
  map values;
  for (std::uint64_t i = 0; i < count; ++i)
    values[i * 0x9e3779b97f4a7c15] = T{};

  auto save = ratio(
    repetitions, [&] { (void)saved_by_boost(values); },
    [&] { (void)encoded(values); });
  results.push_back(at_least(3, "archive: save a hash map of " + what, save,
                             "times as fast as Boost"));

  auto ours = encoded(values);
  auto boosts = saved_by_boost(values);
  assert(decoded<map>(ours).size() == count);
  auto load = ratio(
    repetitions, [&] { (void)loaded_by_boost<map>(boosts); },
    [&] { (void)decoded<map>(ours); });
  // Mostly the hash map's own allocations, which both pay: no target but to
  // be no slower.
  results.push_back(at_least(1, "archive: load a hash map of " + what, load,
                             "times as fast as Boost"));

  auto both = ratio(
    repetitions, [&] { (void)loaded_by_boost<map>(saved_by_boost(values)); },
    [&] { (void)decoded<map>(encoded(values)); });
  results.push_back(at_least(3, "archive: save and load a hash map of " + what,
                             both, "times as fast as Boost"));
}

} // namespace

std::vector<measurement> measure_archive() {
  std::vector<measurement> results;
  measure_vector(results, 10'000, 100, "10,000 in cache");
  measure_vector(results, 1'000'000, 1, "1,000,000 in memory");
  measure_map<reading>(results, "structs");
  measure_map<reading_by_fields>(results, "structs, field by field");
  return results;
}

} // namespace braid
