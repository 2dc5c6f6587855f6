// Nodes for benchmarks: one in this process, others in processes of their own.
#pragma once

#include "actors/node.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <sys/types.h>
#include <thread>
#include <vector>

namespace braid {

/// A node with the benchmarks' topologies, on ephemeral ports.
node_settings bench_settings(const std::string& name);
topology_registry bench_registry();

/// Tries every millisecond. Throws `request_error` if it still does not hold
/// after `limit`.
template <class Condition>
void wait_until(Condition&& condition, std::chrono::seconds limit,
                const std::string& what) {
  auto deadline = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline)
      throw request_error{"waited " + std::to_string(limit.count()) + " s for "
                          + what};
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
}

/// A supervising node in this process and `workers` in others, all of them met.
/// The others end with this object, or when this process does.
class bench_cluster {
public:
  /// `program` is this executable, which must call `run_worker` when it is
  /// started with `--worker NAME PORT THREADS`.
  bench_cluster(std::string program, unsigned workers,
                const run_settings& runs = {});

  /// What is not set by default.
  struct options {
    unsigned workers = 0;
    run_settings runs{};
    scaling_settings scaling{};
    unsigned threads = 0; ///< of each node's scheduler; 0: as usual
  };
  bench_cluster(std::string program, const options& how);
  ~bench_cluster();

  bench_cluster(const bench_cluster&) = delete;
  bench_cluster& operator=(const bench_cluster&) = delete;

  node& supervising() {
    return *node_;
  }

  const std::vector<pid_t>& workers() const {
    return workers_;
  }

  /// Starts one more, and waits until it is met.
  void add_worker();

  /// Kills a worker, without warning.
  void kill_worker(pid_t worker);

  /// How many tuples all partitions of an operator have taken in so far.
  std::uint64_t tuples_into(const std::string& run,
                            const std::string& operator_name);

  /// The newest epoch that any partition of the run has finished.
  std::uint64_t newest_epoch(const std::string& run);

  /// 0: none yet.
  std::uint64_t stable_epoch(const std::string& run);

  /// Runs a topology to its end; how long that took. Throws `request_error` if
  /// the run fails.
  std::chrono::duration<double> run(const submission& asked);

private:
  void start_worker();
  void await_nodes(std::size_t count);

  std::string program_;
  unsigned threads_ = 0;
  unsigned started_ = 0;
  std::unique_ptr<node> node_;
  std::vector<pid_t> workers_;
};

/// The main function of a worker process: ends when its parent does.
int run_worker(const std::string& name, std::uint16_t supervising_port,
               unsigned threads);

/// User and system time that a process has used so far.
double cpu_seconds_of(pid_t process);

} // namespace braid
