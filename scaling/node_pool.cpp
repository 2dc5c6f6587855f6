#include "scaling/node_pool.hpp"

#include <algorithm>
#include <utility>

namespace braid {

namespace {

/// After a failure the next order waits: from seconds to some minutes.
constexpr std::chrono::seconds first_pause{5};
constexpr std::uint32_t most_pauses = 6;

const node_pool::member* find(const std::vector<node_pool::member>& members,
                              const std::string& name) {
  auto found = std::find_if(members.begin(), members.end(),
                            [&](auto& each) { return each.name == name; });
  return found == members.end() ? nullptr : &*found;
}

/// Whether `name` is what nodes of a pool are called: `prefix`-1 ...
bool is_numbered(const std::string& name, const std::string& prefix) {
  return name.size() > prefix.size() + 1
         && name.compare(0, prefix.size() + 1, prefix + '-') == 0
         && name.find_first_not_of("0123456789", prefix.size() + 1)
              == std::string::npos;
}

} // namespace

node_pool::node_pool(const pool_settings& settings, std::string address,
                     std::string prefix)
  : node_pool(settings, make_provider(settings.nodes_from), std::move(address),
              std::move(prefix)) {
  // nop
}

node_pool::node_pool(const pool_settings& settings,
                     std::unique_ptr<node_provider> provider,
                     std::string address, std::string prefix)
  : settings_(settings), provider_(std::move(provider)),
    address_(std::move(address)), prefix_(std::move(prefix)) {
  // nop
}

node_pool::news node_pool::look(const std::vector<member>& members,
                                std::uint64_t more, time_point now) {
  news result;
  adopt(members);
  take_events(result, now);
  note_members(members, result, now);
  auto idle = static_cast<std::uint64_t>(
    std::count_if(members.begin(), members.end(), [&](auto& each) {
      auto known = nodes_.find(each.name);
      return each.idle
             && (known == nodes_.end() || known->second.at == stage::joined);
    }));
  auto coming = count(stage::ordered);
  auto missing = settings_.spares - std::min(idle, settings_.spares) + more;
  if (coming < missing)
    order(missing - coming, now);
  else if (coming > missing)
    drop_orders(coming - missing, now);
  give_back(members, idle - std::min(idle, settings_.spares), result, now);
  take_events(result, now);
  return result;
}

/// What an earlier life of the supervisor has ordered is to be given back by
/// this one.
void node_pool::adopt(const std::vector<member>& members) {
  for (auto& each : members)
    if (is_numbered(each.name, prefix_) && names_.insert(each.name).second
        && provider_->adopt({each.name, address_}))
      nodes_[each.name].at = stage::joined;
}

void node_pool::take_events(news& result, time_point now) {
  for (auto& event : provider_->poll(now)) {
    switch (event.what) {
      case node_event::kind::failed:
      case node_event::kind::ended:
        on_trouble(now);
        nodes_.erase(event.name);
        break;
      case node_event::kind::stopped:
      case node_event::kind::stop_failed:
        nodes_.erase(event.name);
        break;
      case node_event::kind::asked:
      case node_event::kind::started:
        break;
    }
    result.events.push_back(std::move(event));
  }
}

void node_pool::note_members(const std::vector<member>& members, news& result,
                             time_point now) {
  for (auto& [name, node] : nodes_) {
    if (node.at != stage::ordered)
      continue;
    if (find(members, name)) {
      node.at = stage::joined;
      failures_ = 0;
    } else if (!is_by_hand() && now >= node.deadline) {
      result.events.push_back({node_event::kind::failed, name,
                               "it has not joined in time and is stopped"});
      node.at = stage::stopping;
      provider_->stop(name, now);
      on_trouble(now);
    }
  }
}

void node_pool::order(std::uint64_t missing, time_point now) {
  if (retry_at_ && now < *retry_at_)
    return;
  while (missing > 0 && nodes_.size() < settings_.most_nodes) {
    auto name = prefix_ + "-" + std::to_string(++last_number_);
    if (!names_.insert(name).second)
      continue;
    --missing;
    nodes_[name] = {stage::ordered, now + settings_.join_limit, {}};
    provider_->start({name, address_}, now);
  }
}

/// People may have started nodes under names of their own.
void node_pool::drop_orders(std::uint64_t too_many, time_point now) {
  std::vector<std::string> dropped;
  for (auto& [name, node] : nodes_)
    if (node.at == stage::ordered && dropped.size() < too_many)
      dropped.push_back(name);
  for (auto& name : dropped) {
    provider_->stop(name, now);
    if (is_by_hand())
      nodes_.erase(name);
    else
      nodes_[name].at = stage::stopping;
  }
}

void node_pool::give_back(const std::vector<member>& members,
                          std::uint64_t too_many, news& result,
                          time_point now) {
  // The ones that came last go first.
  for (auto each = nodes_.rbegin(); each != nodes_.rend(); ++each) {
    auto& [name, node] = *each;
    auto* there = find(members, name);
    if (node.at == stage::leaving && (!there || there->idle)) {
      node.at = stage::stopping;
      provider_->stop(name, now);
    }
    if (node.at != stage::joined)
      continue;
    if (too_many == 0 || !there || !there->idle) {
      node.idle_since.reset();
      continue;
    }
    --too_many;
    if (!node.idle_since)
      node.idle_since = now;
    if (now - *node.idle_since < settings_.give_back_after)
      continue;
    node.at = stage::leaving;
    result.leaving.push_back(name);
  }
  // What was stopped by hand, once it is gone, is nobody's any more.
  if (is_by_hand())
    std::erase_if(nodes_, [&](auto& each) {
      return each.second.at == stage::stopping && !find(members, each.first);
    });
}

void node_pool::on_trouble(time_point now) {
  failures_ = std::min(failures_ + 1, most_pauses);
  retry_at_ = now + first_pause * (1u << (failures_ - 1));
}

std::uint64_t node_pool::count(stage at) const {
  return static_cast<std::uint64_t>(
    std::count_if(nodes_.begin(), nodes_.end(),
                  [&](auto& each) { return each.second.at == at; }));
}

} // namespace braid
