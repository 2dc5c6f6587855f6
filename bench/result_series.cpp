#include "bench/result_series.hpp"

#include <algorithm>
#include <chrono>
#include <mutex>

namespace braid {

namespace {

std::mutex series_mutex;
std::vector<result_arrival> series;

double in_ms(event_time x) {
  return static_cast<double>(x) / 1000;
}

} // namespace

event_time wall_clock_now() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
           std::chrono::system_clock::now().time_since_epoch())
    .count();
}

void result_series::begin() {
  std::lock_guard guard{series_mutex};
  series.clear();
  series.reserve(1 << 20);
}

void result_series::add(std::span<const event_time> due) {
  if (due.empty())
    return;
  auto now = wall_clock_now();
  auto oldest = *std::min_element(due.begin(), due.end());
  std::lock_guard guard{series_mutex};
  series.push_back({now, now - oldest, due.size()});
}

std::vector<result_arrival> result_series::all() {
  std::lock_guard guard{series_mutex};
  return series;
}

double longest_gap(const std::vector<result_arrival>& all, event_time from,
                   event_time to) {
  auto before = from;
  event_time longest = 0;
  for (auto& each : all) {
    if (each.at < from || each.at > to)
      continue;
    longest = std::max(longest, each.at - before);
    before = each.at;
  }
  return in_ms(std::max(longest, to - before));
}

double age_percentile(const std::vector<result_arrival>& all, event_time from,
                      event_time to, double share) {
  std::vector<std::pair<event_time, std::uint64_t>> ages;
  std::uint64_t total = 0;
  for (auto& each : all)
    if (each.at >= from && each.at <= to) {
      ages.emplace_back(each.oldest, each.results);
      total += each.results;
    }
  std::sort(ages.begin(), ages.end());
  auto wanted = share * static_cast<double>(total);
  std::uint64_t seen = 0;
  for (auto& [age, results] : ages) {
    seen += results;
    if (static_cast<double>(seen) >= wanted)
      return in_ms(age);
  }
  return 0;
}

} // namespace braid
