// Sees to it that nodes without work are at hand, and gives back those that
// are no longer needed.
#pragma once

#include "scaling/node_provider.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace braid {

/// How many nodes there are to be. The initial values are the defaults.
struct pool_settings {
  provider_settings nodes_from{};

  /// So many nodes are kept without work, for partitions to come. Beside them
  /// nodes are ordered when there is no room for what was decided.
  std::uint64_t spares = 0;

  /// No more nodes than this are ordered, beside those that join unasked.
  std::uint64_t most_nodes = 16;

  /// A node that was started must have joined by then.
  std::chrono::microseconds join_limit = std::chrono::minutes{1};

  /// An ordered node is given back when it was one too many without work for
  /// this long.
  std::chrono::microseconds give_back_after = std::chrono::minutes{2};

  friend bool operator==(const pool_settings&, const pool_settings&) = default;
};

/// The nodes of a cluster as its supervisor sees them. Pure but for what its
/// provider does: who is there goes in, orders go to the provider, and what
/// others must know comes out.
class node_pool {
public:
  using time_point = node_provider::time_point;

  struct member {
    std::string name;
    bool idle = false; ///< no partition runs there
  };

  struct news {
    std::vector<node_event> events{};
    /// Nothing may be placed on these from now on: they are to be stopped.
    std::vector<std::string> leaving{};
  };

  /// `address`: where nodes find the cluster. Nodes are called `prefix`-1 ...
  ///
  /// @throws scaling_error if the provider's settings cannot work.
  node_pool(const pool_settings& settings, std::string address,
            std::string prefix);
  node_pool(const pool_settings& settings,
            std::unique_ptr<node_provider> provider, std::string address,
            std::string prefix);

  /// To be called every now and then, such as once a second, with the living
  /// nodes beside the supervisor's own. So many `more` are needed, whatever is
  /// idle, for partitions that found no room.
  news look(const std::vector<member>& members, std::uint64_t more,
            time_point now);

private:
  enum class stage : std::uint8_t {
    ordered,
    joined,
    leaving,  ///< nothing is placed there any more
    stopping, ///< the provider was told
  };

  struct ordered_node {
    stage at = stage::ordered;
    time_point deadline{};                  ///< to join
    std::optional<time_point> idle_since{}; ///< one too many
  };

  bool is_by_hand() const {
    return settings_.nodes_from.provider == provider_kind::by_hand;
  }

  void adopt(const std::vector<member>& members);
  void take_events(news& result, time_point now);
  void note_members(const std::vector<member>& members, news& result,
                    time_point now);
  void order(std::uint64_t missing, time_point now);
  void give_back(const std::vector<member>& members, std::uint64_t too_many,
                 news& result, time_point now);
  void drop_orders(std::uint64_t too_many, time_point now);
  void on_trouble(time_point now);
  std::uint64_t count(stage at) const;

  pool_settings settings_;
  std::unique_ptr<node_provider> provider_;
  std::string address_;
  std::string prefix_;
  std::map<std::string, ordered_node> nodes_;
  /// All names that were ever given, also by earlier lives of the supervisor
  /// as far as they are known.
  std::set<std::string> names_;
  std::uint64_t last_number_ = 0;
  std::uint32_t failures_ = 0; ///< in a row
  std::optional<time_point> retry_at_;
};

} // namespace braid
