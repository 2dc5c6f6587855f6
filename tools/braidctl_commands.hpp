// What braidctl does.
#pragma once

#include "tools/braidctl_client.hpp"
#include "tools/text_table.hpp"

#include "actors/deployment.hpp"

#include <chrono>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

namespace braid {

enum class output_format : std::uint8_t {
  tables, ///< for people
  answers ///< of the node, as they are: JSON for programs
};

/// As nodes know it: a name, or an absolute path.
std::string savepoint_named(const std::string& typed);

/// One member a command. They write to `out` and throw `braidctl_error`. Names
/// of runs and topologies may be abbreviated.
class braidctl {
public:
  using time_limit = std::optional<std::chrono::microseconds>;

  braidctl(braidctl_client client, output_format format,
           text_table::emphasis emphasise, std::ostream& out);

  /// Returns the name of the run, which it prints if it shall `announce` it.
  std::string submit(submission asked, bool announce) const;

  void list() const;
  void status(const std::string& run) const;
  void cancel(const std::string& run) const;
  void nodes() const;

  /// Returns once a savepoint of the run is written, `called` so if that is not
  /// empty; throws if it is not within the client's limit. Prints its name.
  void savepoint(const std::string& run, const std::string& called) const;

  void list_savepoints() const;

  /// Throws if the savepoint is damaged.
  void verify_savepoint(const std::string& typed) const;

  /// Give operators of a run other partitions, or a node nothing more to do,
  /// and return once that is done; throw if it comes to nothing, or is not done
  /// within the client's limit. A dry run only prints what would be done.
  void scale(const std::string& run, const std::string& operator_name,
             std::uint32_t partitions, bool dry_run) const;
  void rebalance(const std::string& run, const std::string& only,
                 bool dry_run) const;
  void drain(const std::string& node, bool dry_run) const;

  /// What was decided about the partitions of a run, and what came of it.
  void history(const std::string& run) const;

  /// Ends what is under way, as long as it can be taken back.
  void abort_scaling(const std::string& run) const;

  void tree() const;

  /// Prints the tree every `interval`, for ever; `clear` is printed before.
  void watch_tree(std::chrono::milliseconds interval,
                  const std::string& clear) const;

  /// Returns when the run is complete; throws if it ends otherwise, or not
  /// within `limit`.
  void wait(const std::string& run, time_limit limit) const;

private:
  std::string run_called(const std::string& typed) const;
  json ask_patiently(const std::string& path) const;
  void follow(const std::vector<std::string>& runs, const json& answer,
              bool dry_run) const;
  void print(const json& answer, const std::string& text) const;

  braidctl_client client_;
  output_format format_;
  text_table::emphasis emphasise_;
  std::ostream* out_;
};

} // namespace braid
