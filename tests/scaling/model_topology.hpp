// A small model of a running topology, in seconds and tuples, for tests that
// close the loop between scaling and what is scaled.
#pragma once

#include "scaling/load_report.hpp"

#include "operators/random.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace braid::testing {

/// Partitions of fixed capacity with bounded queues between them, and noise
/// from a seed. It knows nothing of policies.
///
/// Time goes in steps of 100 ms. A partition processes what its capacity and
/// the queues downstream allow; sources leave outside what they cannot pass on.
class model_topology {
public:
  struct options {
    double capacity = 1000;     ///< tuples per second and partition
    double tuples_each = 1;     ///< sent downstream, by tuple taken in
    bool tells_arrivals = true; ///< sources
  };

  /// `noise`: how far rates and capacities stray, as a share of themselves.
  explicit model_topology(std::uint64_t seed, double noise = 0.1)
    : random_(seed), noise_(noise) {}

  operator_id add_source(std::string name, options values);
  operator_id add(std::string name, std::vector<operator_id> upstream,
                  options values);

  /// From now on `rate` tuples per second arrive at each source.
  void arrive(double rate) {
    rate_ = rate;
  }

  /// Changes the parallelism; the operator stands still for `pause` seconds.
  void rescale(operator_id id, std::uint32_t partitions, double pause = 0.2);

  /// Lets `seconds` pass; returns what was measured in them.
  load_report run(double seconds);

  std::uint32_t parallelism(operator_id id) const {
    return static_cast<std::uint32_t>(operators_[id].partitions.size());
  }

  /// Of all operators but sources.
  std::uint32_t total_parallelism() const;

  /// How many seconds of arrivals wait, anywhere.
  double lag() const;

  std::size_t size() const {
    return operators_.size();
  }

private:
  struct partition {
    double queue = 0; ///< tuples
    double busy = 0;  ///< seconds, of this interval as the following
    double blocked = 0;
    double in = 0;
    double out = 0;
  };

  struct model_operator {
    std::string name;
    options values;
    std::vector<operator_id> upstream;
    std::vector<operator_id> downstream;
    std::vector<partition> partitions;
    double paused = 0;  ///< seconds left
    double arrived = 0; ///< sources, this interval
  };

  static constexpr double step = 0.1;
  static constexpr double queue_seconds = 0.5; ///< a partition's bound

  operator_id insert(model_operator one);
  double noisy(double x);
  void take_step();
  void process(model_operator& one);
  double room(const model_operator& one) const;
  void deliver(model_operator& to, double tuples);
  load_report measured(double seconds) const;
  void begin_interval();

  random_generator random_;
  double noise_;
  double rate_ = 0;
  double now_ = 0;
  std::vector<model_operator> operators_;
};

} // namespace braid::testing
