#include "scaling/rate_policy.hpp"

#include "scaling/figures_in_words.hpp"

#include <algorithm>
#include <utility>

namespace braid {

namespace {

/// Of what was learnt before, beside a new report: a window that fires in every
/// other interval, say, is not to look like two operators.
constexpr double weight_of_before = 0.5;

/// A share of time too short to say what a tuple costs.
constexpr double least_busy = 0.01;

/// What arrives at a source, in tuples per second.
double arrival_rate(const operator_figures& source, double seconds) {
  if (source.arrived)
    return static_cast<double>(*source.arrived) / seconds;
  auto read = static_cast<double>(source.tuples_in()) / seconds;
  auto free = 1 - std::min(source.most_blocked(), 1.0);
  return read / std::max(free, 1 / rate_policy::growth);
}

/// From this share of its time on, a source counts as held back.
constexpr double held_back = 0.1;

/// Upstream before downstream. What is on a cycle is left out.
std::vector<operator_id> upstream_first(const load_report& report) {
  std::vector<std::size_t> open(report.operators.size());
  for (const auto& edge : report.edges)
    ++open[edge.to];
  std::vector<operator_id> result;
  for (operator_id id = 0; id < open.size(); ++id)
    if (open[id] == 0)
      result.push_back(id);
  for (std::size_t i = 0; i < result.size(); ++i)
    for (const auto& edge : report.edges)
      if (edge.from == result[i] && --open[edge.to] == 0)
        result.push_back(edge.to);
  return result;
}

/// By operator, whether nothing goes to it.
std::vector<char> sources_of(const load_report& report) {
  std::vector<char> result(report.operators.size(), 1);
  for (const auto& edge : report.edges)
    result[edge.to] = 0;
  return result;
}

} // namespace

void rate_policy::learnt_ratio::add(double above, double below) {
  above_ = weight_of_before * above_ + above;
  below_ = weight_of_before * below_ + below;
}

std::optional<double> rate_policy::learnt_ratio::value() const {
  return below_ > 0 ? std::optional{above_ / below_} : std::nullopt;
}

std::vector<proposal> rate_policy::judge(const load_report& report) {
  learn(report);
  if (std::exchange(has_changed_, false))
    changed_at_ = report.from;
  if (may_be_catching_up(report))
    return wait(report);
  auto needed = demands(report);
  auto triggered = false;
  short_reports_.resize(report.operators.size());
  for (operator_id id = 0; id < needed.size(); ++id) {
    const auto& figures = report.operators[id];
    auto& count = short_reports_[id];
    auto falls_short =
      needed[id] && !figures.fixed && is_short(figures, *needed[id]);
    count = falls_short ? count + 1 : 0;
    triggered = triggered || count >= settings_.consecutive;
  }
  std::vector<proposal> result;
  for (operator_id id = 0; id < needed.size(); ++id) {
    const auto& figures = report.operators[id];
    result.push_back(judge(id, figures, needed[id]));
    if (triggered)
      result.back().wanted =
        std::max(figures.parallelism(), result.back().enough);
  }
  return result;
}

void rate_policy::on_change() {
  short_reports_.clear();
  has_changed_ = true;
}

/// Whether a source may be held back just because it reads what it could not
/// read before a change.
bool rate_policy::may_be_catching_up(const load_report& report) const {
  if (!changed_at_ || report.until - *changed_at_ > settings_.catch_up / 2)
    return false;
  auto is_source = sources_of(report);
  for (operator_id id = 0; id < is_source.size(); ++id) {
    const auto& figures = report.operators[id];
    if (is_source[id] != 0 && !figures.arrived
        && figures.most_blocked() > held_back)
      return true;
  }
  return false;
}

std::vector<proposal> rate_policy::wait(const load_report& report) {
  short_reports_.assign(report.operators.size(), 0);
  std::vector<proposal> result;
  for (const auto& figures : report.operators)
    result.push_back({figures.parallelism(), figures.parallelism(),
                      "sources may be catching up after a change"});
  return result;
}

void rate_policy::learn(const load_report& report) {
  costs_.resize(report.operators.size());
  for (operator_id id = 0; id < costs_.size(); ++id) {
    const auto& figures = report.operators[id];
    if (figures.worked() > least_busy * figures.parallelism())
      costs_[id].add(figures.worked() * report.seconds(),
                     static_cast<double>(figures.tuples_in()));
  }
  selectivity_.resize(report.edges.size());
  for (std::size_t i = 0; i < selectivity_.size(); ++i) {
    const auto& edge = report.edges[i];
    selectivity_[i].add(
      static_cast<double>(edge.tuples),
      static_cast<double>(report.operators[edge.from].tuples_in()));
  }
}

std::vector<std::optional<rate_policy::demand>>
rate_policy::demands(const load_report& report) const {
  // Tuples per second that each operator is to take in.
  std::vector<double> steady(report.operators.size());
  std::vector<double> catching_up(report.operators.size());
  auto is_source = sources_of(report);
  std::chrono::duration<double> catch_up = settings_.catch_up;
  std::vector<std::optional<demand>> result(report.operators.size());
  for (auto id : upstream_first(report)) {
    const auto& figures = report.operators[id];
    if (is_source[id] != 0)
      steady[id] = catching_up[id] = arrival_rate(figures, report.seconds());
    catching_up[id] +=
      static_cast<double>(figures.backlog()) / catch_up.count();
    for (std::size_t i = 0; i < report.edges.size(); ++i) {
      const auto& edge = report.edges[i];
      if (edge.from != id)
        continue;
      auto tuples_each = selectivity_[i].value().value_or(0);
      steady[edge.to] += steady[id] * tuples_each;
      catching_up[edge.to] += catching_up[id] * tuples_each;
    }
    if (auto each = costs_[id].value())
      result[id] =
        demand{steady[id] * *each, catching_up[id] * *each, steady[id]};
  }
  return result;
}

proposal rate_policy::judge(operator_id id, const operator_figures& figures,
                            const std::optional<demand>& needed) const {
  proposal result;
  result.wanted = result.enough = figures.parallelism();
  if (!needed) {
    result.reason = "has processed too little to tell what a tuple costs";
    return result;
  }
  result.enough = size_for(*needed);
  auto each = *costs_[id].value();
  result.reason = "takes in " + tuples_per_second(needed->rate)
                  + ", a partition can do " + tuples_per_second(1 / each)
                  + ": work for " + one_decimal(needed->steady)
                  + " partitions, which are to be busy for "
                  + std::to_string(settings_.target) + " %";
  if (at_least(needed->steady / target()) < result.enough)
    result.reason +=
      "; " + one_decimal(needed->catching_up) + " partitions with the backlog";
  return result;
}

std::uint32_t rate_policy::size_for(const demand& needed) const {
  return std::max(at_least(needed.steady / target()),
                  at_least(needed.catching_up));
}

bool rate_policy::is_short(const operator_figures& figures,
                           const demand& needed) const {
  auto partitions = static_cast<double>(figures.parallelism());
  auto most = (1 + target()) / 2;
  return needed.steady > most * partitions || needed.catching_up > partitions;
}

} // namespace braid
