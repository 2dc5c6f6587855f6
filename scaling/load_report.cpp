#include "scaling/load_report.hpp"

#include <algorithm>

namespace braid {

namespace {

template <class T>
T sum(const std::vector<partition_figures>& partitions,
      T partition_figures::*field) {
  T result{};
  for (const auto& one : partitions)
    result += one.*field;
  return result;
}

double most(const std::vector<partition_figures>& partitions,
            double partition_figures::*field) {
  double result = 0;
  for (const auto& one : partitions)
    result = std::max(result, one.*field);
  return result;
}

} // namespace

double operator_figures::busy() const {
  return sum(partitions, &partition_figures::busy);
}

double operator_figures::worked() const {
  double result = 0;
  for (const auto& one : partitions)
    result += one.worked.value_or(one.busy);
  return result;
}

double operator_figures::most_busy() const {
  return most(partitions, &partition_figures::busy);
}

double operator_figures::most_blocked() const {
  return most(partitions, &partition_figures::blocked);
}

std::uint64_t operator_figures::tuples_in() const {
  return sum(partitions, &partition_figures::tuples_in);
}

std::uint64_t operator_figures::tuples_out() const {
  return sum(partitions, &partition_figures::tuples_out);
}

std::uint64_t operator_figures::backlog() const {
  return sum(partitions, &partition_figures::backlog);
}

double load_report::seconds() const {
  return std::chrono::duration<double>{until - from}.count();
}

std::uint64_t load_report::backlog() const {
  std::uint64_t result = 0;
  for (const auto& one : operators)
    result += one.backlog();
  return result;
}

} // namespace braid
