#include "bench/bench_node.hpp"

#include "operators/plugin.hpp"

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <spdlog/spdlog.h>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>
#include <time.h>
#include <unistd.h>

namespace braid {

namespace {

/// This process's own, so that nothing is left.
std::filesystem::path savepoint_folder() {
  return std::filesystem::temp_directory_path()
         / ("braid-bench-" + std::to_string(getpid()));
}

} // namespace

node_settings bench_settings(const std::string& name) {
  // Nodes that are killed are what some benchmarks are about.
  spdlog::set_level(spdlog::level::err);
  node_settings result;
  result.name = name;
  // A run is waited for, however busy the machine.
  result.submit_limit = std::chrono::seconds{20};
  result.request_limit = std::chrono::seconds{20};
  result.lost_after = std::chrono::seconds{20};
  return result;
}

topology_registry bench_registry() {
  topology_registry result;
  result.add(topologies_here(), "the benchmark");
  return result;
}

bench_cluster::bench_cluster(std::string program, unsigned workers,
                             const run_settings& runs)
  : bench_cluster(std::move(program), {workers, runs, {}, 0}) {}

bench_cluster::bench_cluster(std::string program, const options& how)
  : program_(std::move(program)), threads_(how.threads) {
  auto settings = bench_settings("bench");
  settings.runs = how.runs;
  settings.scaling = how.scaling;
  settings.threads = how.threads;
  settings.savepoints.directory = savepoint_folder().string();
  node_ = std::make_unique<node>(settings, bench_registry());
  for (unsigned i = 0; i < how.workers; ++i)
    start_worker();
  await_nodes(how.workers + 1);
}

bench_cluster::~bench_cluster() {
  for (auto worker : workers_)
    kill(worker, SIGKILL);
  for (auto worker : workers_)
    waitpid(worker, nullptr, 0);
  node_.reset();
  std::error_code ignored;
  std::filesystem::remove_all(savepoint_folder(), ignored);
}

void bench_cluster::add_worker() {
  start_worker();
  await_nodes(workers_.size() + 1);
}

void bench_cluster::kill_worker(pid_t worker) {
  kill(worker, SIGKILL);
  waitpid(worker, nullptr, 0);
  std::erase(workers_, worker);
}

void bench_cluster::await_nodes(std::size_t count) {
  auto up = [&] {
    auto nodes = node_->report().nodes;
    return static_cast<std::size_t>(std::count_if(
      nodes.begin(), nodes.end(), [](auto& x) { return !x.lost; }));
  };
  auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{20};
  while (up() < count) {
    if (std::chrono::steady_clock::now() > deadline)
      throw request_error{"the worker processes did not come up"};
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
  }
}

void bench_cluster::start_worker() {
  auto name = "worker-" + std::to_string(started_++);
  auto port = std::to_string(node_->settings().control.port);
  auto threads = std::to_string(threads_);
  auto child = fork();
  if (child == 0) {
    execl(program_.c_str(), program_.c_str(), "--worker", name.c_str(),
          port.c_str(), threads.c_str(), nullptr);
    _exit(127);
  }
  workers_.push_back(child);
}

std::uint64_t bench_cluster::tuples_into(const std::string& run,
                                         const std::string& operator_name) {
  std::uint64_t result = 0;
  for (auto& node : node_->report().nodes)
    for (auto& partition : node.partitions)
      if (partition.run == run && partition.operator_name == operator_name)
        result += partition.tuples_in;
  return result;
}

std::uint64_t bench_cluster::newest_epoch(const std::string& run) {
  std::uint64_t result = 0;
  for (auto& node : node_->report().nodes)
    for (auto& partition : node.partitions)
      if (partition.run == run)
        result = std::max(result, partition.epoch);
  return result;
}

std::uint64_t bench_cluster::stable_epoch(const std::string& run) {
  for (auto& each : node_->report().runs)
    if (each.name == run)
      return each.stable_epoch;
  return 0;
}

std::chrono::duration<double> bench_cluster::run(const submission& asked) {
  auto begin = std::chrono::steady_clock::now();
  auto name = node_->submit(asked);
  auto result = node_->wait(name, std::chrono::minutes{5});
  auto took = std::chrono::steady_clock::now() - begin;
  if (result.state != run_state::complete)
    throw request_error{name + " is " + to_string(result.state) + ": "
                        + result.reason};
  return took;
}

int run_worker(const std::string& name, std::uint16_t supervising_port,
               unsigned threads) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  auto settings = bench_settings(name);
  settings.supervisor = false;
  settings.threads = threads;
  settings.look_for = {{"127.0.0.1", supervising_port}};
  node worker{settings, bench_registry()};
  for (;;)
    pause();
}

double cpu_seconds_of(pid_t process) {
  clockid_t clock{};
  timespec used{};
  if (clock_getcpuclockid(process, &clock) != 0
      || clock_gettime(clock, &used) != 0)
    throw std::runtime_error{"cannot tell what process "
                             + std::to_string(process) + " has used"};
  return static_cast<double>(used.tv_sec)
         + static_cast<double>(used.tv_nsec) / 1e9;
}

} // namespace braid
