#include "tools/configuration_draft.hpp"

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

} // namespace

void configuration_draft::read(const configuration_key& key,
                               const toml::node& value,
                               const std::filesystem::path& folder,
                               std::string prefix) {
  key.read(values_, value, folder);
  places_[key.full_name()] = {std::move(prefix), ++keys_set_};
}

node_configuration configuration_draft::finished() const {
  check_ports_differ();
  check_closed_by_default();
  check_durations();
  return values_;
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

void configuration_draft::refuse(std::initializer_list<const char*> keys,
                                 const std::string& problem) const {
  place last;
  for (const auto* key : keys) {
    auto found = places_.find(key);
    if (found != places_.end() && found->second.order > last.order)
      last = found->second;
  }
  assert(last.order > 0); // the defaults break no rule
  throw configuration_error(last.prefix + problem);
}

} // namespace braid
