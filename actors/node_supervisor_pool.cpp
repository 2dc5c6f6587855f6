// The part of the node supervisor that is about nodes that are kept at hand,
// and given back.
#include "actors/log.hpp"
#include "actors/node_supervisor.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <set>

namespace braid {

namespace {

constexpr std::chrono::seconds between_looks{1};

/// So many are shown.
constexpr std::size_t most_notes = 20;

bool is_trouble(node_event::kind what) {
  return what == node_event::kind::failed || what == node_event::kind::ended
         || what == node_event::kind::stop_failed;
}

/// Without spares people are not asked for nodes, but a provider that starts
/// some may be.
bool is_used(const pool_settings& pool) {
  return pool.spares > 0 || pool.nodes_from.provider != provider_kind::by_hand;
}

} // namespace

/// How many nodes more runs would have use for, as what was decided found no
/// room.
std::uint64_t node_supervisor_state::nodes_wanted() const {
  std::uint64_t result = 0;
  for (auto& [known_as, run] : runs) {
    if (is_over(run.report.state))
      continue;
    std::set<std::string> there;
    for (auto& node : run.nodes) {
      auto* member = members.find(node);
      if (node == parts.settings.name || (member && !member->lost))
        there.insert(node);
    }
    if (run.report.nodes_wanted > there.size())
      result =
        std::max<std::uint64_t>(result, run.report.nodes_wanted - there.size());
  }
  return result;
}

void node_supervisor_state::look_after_pool(membership::clock::time_point now) {
  auto& settings = parts.settings;
  // Others must be able to find this node.
  if (!settings.supervisor || !is_used(settings.pool)
      || settings.control.port == 0 || now - pool_looked_at < between_looks)
    return;
  if (!pool)
    pool.emplace(settings.pool, to_string(settings.control), "pool");
  pool_looked_at = now;
  std::vector<node_pool::member> there;
  for (auto& [node, member] : members.all())
    if (!member.lost)
      there.push_back({node, member.who.self.partitions.empty()});
  auto news = pool->look(there, nodes_wanted(), now);
  for (auto& event : news.events) {
    auto text = "node " + event.name + ": " + to_string(event.what)
                + (event.text.empty() ? "" : ": " + event.text);
    log("node")->log(
      is_trouble(event.what) ? spdlog::level::warn : spdlog::level::info, text);
    pool_notes.push_back(std::move(text));
    if (pool_notes.size() > most_notes)
      pool_notes.erase(pool_notes.begin());
  }
  for (auto& node : news.leaving) {
    scaling_order order;
    order.kind = scaling_kind::drain;
    order.node = node;
    for (auto& [known_as, run] : runs)
      if (!is_over(run.report.state))
        self
          ->request(run.supervisor, caf::infinite,
                    request_of(request_kind::rescale, order))
          .then([](const control_reply&) {}, [](const caf::error&) {});
  }
}

} // namespace braid
