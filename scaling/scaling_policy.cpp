#include "scaling/scaling_policy.hpp"

#include "scaling/rate_policy.hpp"
#include "scaling/threshold_policy.hpp"

namespace braid {

namespace {

class manual_policy final : public scaling_policy {
public:
  std::vector<proposal> judge(const load_report& report) override {
    std::vector<proposal> result;
    for (const auto& one : report.operators)
      result.push_back({one.parallelism(), one.parallelism(), {}});
    return result;
  }

  void on_change() override {
    // nop
  }
};

} // namespace

std::unique_ptr<scaling_policy> make_policy(const scaling_settings& settings) {
  check(settings);
  switch (settings.policy) {
    case policy_kind::manual:
      break;
    case policy_kind::threshold:
      return std::make_unique<threshold_policy>(settings);
    case policy_kind::rate:
      return std::make_unique<rate_policy>(settings);
  }
  return std::make_unique<manual_policy>();
}

} // namespace braid
