#include "tests/cluster/cluster.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <random>
#include <set>
#include <stdexcept>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace braid::testing {

namespace {

using namespace std::chrono_literals;

bool is_free(std::uint16_t port) {
  auto socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  where.sin_port = htons(port);
  auto bound =
    bind(socket, reinterpret_cast<sockaddr*>(&where), sizeof where) == 0;
  close(socket);
  return bound;
}

/// Below the ports that the system gives to connections, so that none of these
/// takes one before its node does.
std::vector<std::string> free_addresses(std::size_t count) {
  std::random_device seed;
  std::uniform_int_distribution<int> any{12'000, 31'000};
  std::set<std::uint16_t> ports;
  while (ports.size() < count)
    if (auto port = static_cast<std::uint16_t>(any(seed)); is_free(port))
      ports.insert(port);
  std::vector<std::string> result;
  for (auto port : ports)
    result.push_back("127.0.0.1:" + std::to_string(port));
  return result;
}

/// What stands between `before` and the next comma or the end.
std::string part(const std::string& line, const std::string& before) {
  auto begin = line.find(before);
  if (begin == line.npos)
    throw std::runtime_error{"no \"" + before + "\" in: " + line};
  begin += before.size();
  return line.substr(begin, line.find(',', begin) - begin);
}

} // namespace

node_process::node_process(const std::vector<std::string>& settings) {
  std::vector<std::string> command{program("braid-node")};
  auto set = [&](const std::string& text) {
    command.insert(command.end(), {"--set", text});
  };
  for (auto* key : {"control.listen", "data.listen", "http.listen"})
    set(std::string{key} + "=127.0.0.1:0");
  for (auto& text : settings)
    set(text);
  process_ = std::make_unique<process>(command);
}

void node_process::await() {
  if (!control_.empty())
    return;
  auto line = process_->line("node ");
  control_ = part(line, ": control ");
  data_ = part(line, ", data ");
  http_ = part(line, ", http ");
}

const std::string& node_process::control() {
  await();
  return control_;
}

const std::string& node_process::data() {
  await();
  return data_;
}

const std::string& node_process::http() {
  await();
  return http_;
}

std::string plugin_setting(const std::vector<std::string>& names) {
  std::string result;
  for (auto& name : names)
    result += (result.empty() ? "plugins.topologies=" : ",") + name;
  return result;
}

cluster::cluster(std::size_t nodes, std::vector<std::string> settings)
  : settings_(std::move(settings)), addresses_(free_addresses(nodes)),
    nodes_(nodes) {}

std::string cluster::name_of(std::size_t number) {
  return number == 0 ? "supervisor" : "worker-" + std::to_string(number);
}

void cluster::start(std::size_t number) {
  std::string others;
  for (auto& where : addresses_)
    others += (others.empty() ? "" : ",") + where;
  std::vector<std::string> settings{
    "node.name=" + name_of(number),
    std::string{"node.supervisor="} + (number == 0 ? "true" : "false"),
    "control.listen=" + addresses_[number], "cluster.nodes=" + others,
    plugin_setting({BRAID_PLUGIN_DIR "/word_count.so",
                    BRAID_TEST_PLUGIN_DIR "/test_topologies.so"})};
  settings.insert(settings.end(), settings_.begin(), settings_.end());
  nodes_[number] = std::make_unique<node_process>(settings);
}

void cluster::start_all() {
  for (std::size_t i = 0; i < nodes_.size(); ++i)
    if (!nodes_[i])
      start(i);
  for (auto& node : nodes_)
    node->http();
  ask_until({"nodes"}, [&](const nlohmann::json& answer) {
    return answer["nodes"].size() == nodes_.size();
  });
}

ended cluster::control(std::vector<std::string> arguments, std::size_t asked) {
  arguments.insert(arguments.begin(),
                   {program("braidctl"), "--node", nodes_.at(asked)->http()});
  return run_to_end(std::move(arguments));
}

nlohmann::json cluster::ask(std::vector<std::string> arguments,
                            std::size_t asked) {
  arguments.insert(arguments.begin(), {"--output", "json"});
  auto done = control(std::move(arguments), asked);
  if (done.status != 0)
    throw std::runtime_error{"braidctl failed: " + done.errors};
  return nlohmann::json::parse(done.output);
}

std::string cluster::submit(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "submit");
  return ask(std::move(arguments))["name"];
}

nlohmann::json
cluster::ask_until(const std::vector<std::string>& arguments,
                   const std::function<bool(const nlohmann::json&)>& enough) {
  auto deadline = std::chrono::steady_clock::now() + patience;
  for (;;) {
    auto answer = ask(arguments);
    if (enough(answer))
      return answer;
    if (std::chrono::steady_clock::now() >= deadline)
      throw std::runtime_error{"still not as expected: " + answer.dump(2)};
    std::this_thread::sleep_for(50ms);
  }
}

} // namespace braid::testing
