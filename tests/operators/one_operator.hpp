// One user-written operator behind a keyed stream, ready to run in a fixture.
#pragma once

#include "tests/operators/readings.hpp"

#include <string>
#include <vector>

namespace braid::test {

/// A topology with one operator behind a keyed stream of `T`.
template <class Operator, class T, class KeyOf>
struct one_operator {
  topology graph{"test", {}};
  stream<typename Operator::output_type> result;

  explicit one_operator(KeyOf key_of)
    : result(graph.source("input", fed_by_hand<T>{})
               .key_by(key_of)
               .template process<Operator>("operator")) {
    result.sink("results", recorded<typename Operator::output_type>{});
  }

  operator_fixture run(fixture_options options = {{0}, {0}}) & {
    return {graph, "operator", std::move(options)};
  }
};

template <class Operator>
struct reading_operator : one_operator<Operator, reading, decltype(sensor_of)> {
  reading_operator()
    : one_operator<Operator, reading, decltype(sensor_of)>(sensor_of) {}
};

/// What operators in tests emit, if they only have something to say.
using text_output = keyed_value<std::uint32_t, std::string>;

inline std::vector<text_output> texts(const operator_fixture& run) {
  return values_of(run.results<text_output>("results"));
}

} // namespace braid::test
