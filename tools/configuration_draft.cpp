#include "tools/configuration_draft.hpp"

#include "tools/configuration_scaling.hpp"
#include "tools/units.hpp"

#include <array>
#include <cassert>

namespace braid {

namespace {

/// The addresses that the node listens on, with their keys.
struct listener {
  const char* key;
  const endpoint& where;
};

std::array<listener, 3> listeners(const node_configuration& configuration) {
  return {{{"control.listen", configuration.control.listen},
           {"data.listen", configuration.data.listen},
           {"http.listen", configuration.http.listen}}};
}

std::shared_ptr<toml::node> copy_of(const toml::node& value) {
  return value.visit([](const auto& each) -> std::shared_ptr<toml::node> {
    return std::make_shared<std::decay_t<decltype(each)>>(each);
  });
}

} // namespace

void configuration_draft::read(const configuration_key& key,
                               const toml::node& value,
                               const std::filesystem::path& folder,
                               std::string prefix) {
  if (topology_of_section(key.section).empty()) {
    key.read(values_, value, folder);
  } else {
    auto tried = values_;
    key.read(tried, value, folder);
    exceptions_.push_back({&key, copy_of(value), folder});
  }
  places_[key.full_name()] = {std::move(prefix), ++keys_set_};
}

node_configuration configuration_draft::finished() {
  for (auto& each : std::exchange(exceptions_, {}))
    each.key->read(values_, *each.value, each.folder);
  check_ports_differ();
  check_closed_by_default();
  check_durations();
  check_scaling("scaling", values_.scaling);
  for (const auto& [topology, settings] : values_.scaling_of)
    check_scaling("scaling." + topology, settings);
  check_pool();
  return values_;
}

void configuration_draft::check_pool() const {
  const auto& from = values_.pool.nodes_from;
  if (!from.output.empty() && !std::filesystem::is_directory(from.output))
    refuse({"pool.output"}, "there is no folder '" + from.output.string()
                              + "'; make it, or name another one");
  if (from.provider == provider_kind::by_hand)
    return;
  try {
    check_command("pool.command", from.command);
    if (!from.stop_command.empty())
      check_command("pool.stop_command", from.stop_command);
  } catch (const scaling_error& error) {
    refuse({"pool.provider", "pool.command", "pool.stop_command"},
           error.what());
  }
}

void configuration_draft::check_scaling(
  const std::string& section, const scaling_settings& settings) const {
  try {
    check(settings);
  } catch (const scaling_error& error) {
    std::vector<std::string> keys;
    for (const auto& [key, where] : places_)
      if (key.starts_with("scaling."))
        keys.push_back(key);
    auto in = section == "scaling" ? "" : '[' + section + "]: ";
    refuse(keys, in + error.what());
  }
}

void configuration_draft::check_ports_differ() const {
  auto all = listeners(values_);
  for (const auto* a = all.begin(); a != all.end(); ++a)
    for (const auto* b = a + 1; b != all.end(); ++b)
      if (a->where.port != 0 && a->where.port == b->where.port)
        refuse({a->key, b->key}, std::string{a->key} + " and " + b->key
                                   + " have the same port "
                                   + std::to_string(a->where.port)
                                   + "; give each its own (0: any free one)");
}

void configuration_draft::check_closed_by_default() const {
  if (values_.security.insecure)
    return;
  for (const auto& [key, where] : listeners(values_))
    if (!is_loopback(where))
      refuse({key},
             '"' + to_string(where)
               + "\" can be reached from other machines, unencrypted; listen "
                 "on 127.0.0.1, or set security.insecure = true if you trust "
                 "the network");
}

void configuration_draft::check_durations() const {
  const auto& cluster = values_.cluster;
  if (cluster.lost_after < 2 * cluster.heartbeat)
    refuse({"cluster.heartbeat", "cluster.lost_after"},
           "cluster.lost_after (" + print_duration(cluster.lost_after)
             + ") is less than two of cluster.heartbeat ("
             + print_duration(cluster.heartbeat)
             + "), so living nodes would count as lost; raise lost_after or "
               "lower heartbeat");
  const auto& epochs = values_.epochs;
  if (epochs.idle_length < epochs.length)
    refuse({"epochs.length", "epochs.idle_length"},
           "epochs.idle_length (" + print_duration(epochs.idle_length)
             + ") is less than epochs.length (" + print_duration(epochs.length)
             + "); raise idle_length or lower length");
}

void configuration_draft::refuse(const std::vector<std::string>& keys,
                                 const std::string& problem) const {
  place last;
  for (const auto& key : keys) {
    auto found = places_.find(key);
    if (found != places_.end() && found->second.order > last.order)
      last = found->second;
  }
  assert(last.order > 0); // the defaults break no rule
  throw configuration_error(last.prefix + problem);
}

} // namespace braid
