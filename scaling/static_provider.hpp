// Nodes that people start.
#pragma once

#include "scaling/node_provider.hpp"

#include <set>
#include <utility>

namespace braid {

/// Asks people to start and stop nodes, once each, and says how.
class static_provider final : public node_provider {
public:
  void start(const node_order& order, time_point) override {
    if (known_.insert(order.name).second)
      events_.push_back({node_event::kind::asked, order.name,
                         "a node is wanted: start one, such as by braid-node "
                         "--config conf/worker.toml --set node.name="
                           + order.name
                           + " --set cluster.nodes=" + order.address});
  }

  bool adopt(const node_order& order) override {
    known_.insert(order.name);
    return true;
  }

  void stop(const std::string& name, time_point) override {
    if (known_.erase(name) > 0)
      events_.push_back(
        {node_event::kind::asked, name,
         "node '" + name + "' is no longer needed and can be stopped"});
  }

  std::vector<node_event> poll(time_point) override {
    return std::exchange(events_, {});
  }

private:
  std::set<std::string> known_;
  std::vector<node_event> events_;
};

} // namespace braid
