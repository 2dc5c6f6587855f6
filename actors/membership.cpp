#include "actors/membership.hpp"

namespace braid {

bool membership::join(const introduction& who, clock::time_point now) {
  auto known = members_.find(who.self.name);
  if (known != members_.end()
      && known->second.who.self.incarnation > who.self.incarnation)
    return false;
  members_[who.self.name] = {who, now, false};
  return true;
}

void membership::heard(const node_report& report, clock::time_point now) {
  auto known = members_.find(report.name);
  if (known == members_.end()
      || known->second.who.self.incarnation != report.incarnation)
    return;
  known->second.heard = now;
  known->second.who.self = report;
}

void membership::lose(const std::string& name) {
  if (auto known = members_.find(name); known != members_.end())
    known->second.lost = true;
}

void membership::excuse_all(clock::time_point now) {
  for (auto& [name, known] : members_)
    if (!known.lost)
      known.heard = now;
}

std::vector<std::string>
membership::silent(clock::time_point now,
                   std::chrono::microseconds limit) const {
  std::vector<std::string> result;
  for (auto& [name, known] : members_)
    if (!known.lost && now - known.heard > limit)
      result.push_back(name);
  return result;
}

const membership::member* membership::find(const std::string& name) const {
  auto known = members_.find(name);
  return known == members_.end() ? nullptr : &known->second;
}

} // namespace braid
