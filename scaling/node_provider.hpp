// Where nodes come from when more of them are needed.
#pragma once

#include "scaling/scaling_settings.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace braid {

/// A node that is to be there.
struct node_order {
  std::string name;    ///< what it is to be called; unique among orders
  std::string address; ///< control address of a node of the cluster to join
};

/// News about an order.
struct node_event {
  enum class kind : std::uint8_t {
    asked,       ///< a person is to start or stop it; `text` says how
    started,     ///< it was started; that it joins is for the cluster to see
    failed,      ///< it was not started, and no more attempts are made
    ended,       ///< it ended without being stopped
    stopped,     ///< it is gone, as it was to
    stop_failed, ///< it may be there still
  };

  kind what = kind::asked;
  std::string name;
  std::string text; ///< why or how, for a log and for people

  friend bool operator==(const node_event&, const node_event&) = default;
};

std::string to_string(node_event::kind x);

/// Starts and stops nodes. Orders in, events out; nothing blocks, and time
/// passes only through the arguments, so an actor can own one.
class node_provider {
public:
  using time_point = std::chrono::steady_clock::time_point;

  virtual ~node_provider() = default;

  /// Takes an order. A name that is known already is passed over.
  virtual void start(const node_order& order, time_point now) = 0;

  /// Takes over a node that an earlier life of this process ordered, and that
  /// is there: it can be stopped as others can. Returns false if it is not to
  /// be found, or not to be stopped from here.
  virtual bool adopt(const node_order& order) = 0;

  /// Ends an order, also one that is being started. A name that is not known
  /// is passed over.
  virtual void stop(const std::string& name, time_point now) = 0;

  /// Goes on with what is under way; returns what has happened since the last
  /// call. To be called every now and then, such as once a second.
  virtual std::vector<node_event> poll(time_point now) = 0;
};

/// Who starts and stops nodes.
enum class provider_kind : std::uint8_t {
  by_hand, ///< "static": `static_provider`
  process, ///< `process_provider`
  command, ///< `command_provider`
};

std::string to_string(provider_kind x);

/// The kind of that name, or nothing.
std::optional<provider_kind> to_provider_kind(std::string_view name);

/// Where nodes come from. The initial values are the defaults.
struct provider_settings {
  provider_kind provider = provider_kind::by_hand;

  /// `process`: what a node is run by. `command`: what starts one, and stops
  /// one; the latter may be empty. Words, with {name} and {address}.
  std::vector<std::string> command{};
  std::vector<std::string> stop_command{};

  /// Commands that fail, or take too long, are run so many times in all.
  std::uint64_t attempts = 3;
  std::chrono::microseconds time_limit = std::chrono::minutes{5};

  /// A folder for what they print; empty: where our own output goes.
  std::filesystem::path output{};

  friend bool operator==(const provider_settings&,
                         const provider_settings&) = default;
};

/// The provider that `settings` name.
///
/// @throws scaling_error if they cannot work.
std::unique_ptr<node_provider> make_provider(const provider_settings& settings);

/// Refuses a command that is empty, or has a placeholder other than {name} and
/// {address}. `key` is where it stands, such as "pool.command".
///
/// @throws scaling_error
void check_command(const std::string& key,
                   const std::vector<std::string>& command);

/// `command` with the placeholders replaced by what `order` says.
std::vector<std::string> command_for(const std::vector<std::string>& command,
                                     const node_order& order);

} // namespace braid
