#include "scaling/threshold_policy.hpp"

#include "scaling/figures_in_words.hpp"

#include <algorithm>

namespace braid {

namespace {

double share_of(std::uint64_t per_cent) {
  return static_cast<double>(per_cent) / 100;
}

} // namespace

std::vector<proposal> threshold_policy::judge(const load_report& report) {
  auto draining = is_draining(report);
  last_backlog_ = report.backlog();
  busy_reports_.resize(report.operators.size());
  std::vector<proposal> result;
  for (operator_id id = 0; id < report.operators.size(); ++id) {
    const auto& figures = report.operators[id];
    auto& counts = busy_reports_[id];
    counts.resize(figures.partitions.size());
    for (std::size_t i = 0; i < counts.size(); ++i) {
      auto hot = figures.partitions[i].busy > share_of(settings_.threshold);
      counts[i] = hot && !draining ? counts[i] + 1 : 0;
    }
    result.push_back(judge(figures, counts));
  }
  return result;
}

void threshold_policy::on_change() {
  busy_reports_.clear();
  last_backlog_.reset();
}

proposal
threshold_policy::judge(const operator_figures& figures,
                        const std::vector<std::uint64_t>& busy_reports) const {
  auto now = figures.parallelism();
  auto bottlenecks = static_cast<std::uint32_t>(
    std::count_if(busy_reports.begin(), busy_reports.end(),
                  [&](auto count) { return count >= settings_.consecutive; }));
  proposal result;
  result.wanted = now;
  if (bottlenecks > 0)
    result.wanted =
      std::clamp(at_least(figures.busy() / share_of(settings_.threshold)),
                 now + 1, now + bottlenecks);
  result.enough = at_least(figures.busy() / share_of(settings_.lower_bound));
  if (bottlenecks > 0)
    result.reason = count_of(bottlenecks, "partition") + " of "
                    + std::to_string(now) + " busier than "
                    + std::to_string(settings_.threshold) + " % in "
                    + count_of(settings_.consecutive, "report")
                    + " in a row, up to " + per_cent(figures.most_busy());
  else
    result.reason =
      "busy for " + one_decimal(figures.busy()) + " partitions in all, so "
      + count_of(result.enough, "partition") + " would stay below "
      + std::to_string(settings_.lower_bound) + " %";
  return result;
}

bool threshold_policy::is_draining(const load_report& report) const {
  auto backlog = report.backlog();
  if (!last_backlog_ || backlog == 0 || *last_backlog_ <= backlog)
    return false;
  auto gone_per_second =
    static_cast<double>(*last_backlog_ - backlog) / report.seconds();
  std::chrono::duration<double> catch_up = settings_.catch_up;
  return static_cast<double>(backlog) / gone_per_second < catch_up.count();
}

} // namespace braid
