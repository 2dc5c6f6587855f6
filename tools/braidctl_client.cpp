#include "tools/braidctl_client.hpp"

#include "tools/units.hpp"

#include <algorithm>
#include <httplib.h>
#include <nlohmann/json.hpp>

namespace braid {

namespace {

/// A node on the way to its answer asks others; whether one is there at all
/// shows sooner.
constexpr std::chrono::microseconds connect_limit = std::chrono::seconds{2};

json parse_answer(const httplib::Response& answer, const std::string& from) {
  auto body = json::parse(answer.body, nullptr, false);
  auto failed = answer.status >= 400;
  if (body.is_discarded() || !body.is_object()
      || (failed && !(body.contains("error") && body["error"].is_string())))
    throw braidctl_error{"what answers at " + from
                         + " is not a Braid node; name one with --node"};
  if (failed)
    throw braidctl_error{body["error"].get<std::string>(),
                         answer.status == 503};
  return body;
}

} // namespace

endpoint parse_node_address(const std::string& text) {
  std::string rest = text;
  constexpr std::string_view scheme = "http://";
  if (rest.starts_with(scheme))
    rest.erase(0, scheme.size());
  else if (rest.find("://") != std::string::npos)
    throw std::invalid_argument('"' + text
                                + "\" is not of http; write it like "
                                  "http://127.0.0.1:4780");
  if (rest.ends_with('/'))
    rest.pop_back();
  return parse_endpoint(rest);
}

braidctl_client::braidctl_client(endpoint node, std::chrono::microseconds limit)
  : node_(std::move(node)), limit_(limit) {}

template <class Ask>
json braidctl_client::ask(Ask&& how) const {
  auto where = "http://" + to_string(node_);
  httplib::Client client{node_.host, node_.port};
  client.set_connection_timeout(std::min(connect_limit, limit_));
  client.set_read_timeout(limit_);
  client.set_write_timeout(limit_);
  httplib::Result answer = how(client);
  if (answer)
    return parse_answer(*answer, where);
  if (answer.error() == httplib::Error::Connection)
    throw braidctl_error{"no node answers at " + where
                         + "; start one with braid-node --config FILE or name "
                           "another with --node"};
  throw braidctl_error{"the node at " + where + " did not answer within "
                       + print_duration(limit_)
                       + "; see its log, or wait longer with --timeout"};
}

json braidctl_client::get(const std::string& path) const {
  return ask([&](auto& client) { return client.Get(path); });
}

json braidctl_client::post(const std::string& path, const json& body) const {
  return ask([&](auto& client) {
    return client.Post(path, body.dump(), "application/json");
  });
}

json braidctl_client::remove(const std::string& path) const {
  return ask([&](auto& client) { return client.Delete(path); });
}

} // namespace braid
