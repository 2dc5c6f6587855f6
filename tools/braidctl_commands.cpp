#include "tools/braidctl_commands.hpp"

#include "tools/braidctl_names.hpp"
#include "tools/braidctl_tables.hpp"
#include "tools/json_submission.hpp"
#include "tools/readable.hpp"
#include "tools/units.hpp"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <ostream>
#include <thread>

namespace braid {

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

constexpr auto runs_path = "/api/topologies";

std::int64_t now() {
  using namespace std::chrono;
  return duration_cast<microseconds>(system_clock::now().time_since_epoch())
    .count();
}

std::vector<std::string> names_in(const json& runs) {
  std::vector<std::string> result;
  for (auto& run : runs)
    result.push_back(run.at("name").get<std::string>());
  return result;
}

std::string path_of(const std::string& run) {
  return runs_path + ('/' + run);
}

std::string absolute(const std::string& folder) {
  return folder.empty() ? "" : std::filesystem::absolute(folder).string();
}

/// Asking costs the cluster something, and long runs need no quick answer.
std::chrono::milliseconds pause_after(clock::duration waited) {
  return waited < 2s ? 50ms : waited < 20s ? 200ms : 1000ms;
}

} // namespace

braidctl::braidctl(braidctl_client client, output_format format,
                   text_table::emphasis emphasise, std::ostream& out)
  : client_(std::move(client)), format_(format),
    emphasise_(std::move(emphasise)), out_(&out) {}

void braidctl::print(const json& answer, const std::string& text) const {
  if (format_ == output_format::answers)
    *out_ << answer.dump(2) << std::endl;
  else
    *out_ << text << std::flush;
}

std::string braidctl::run_called(const std::string& typed) const {
  return complete_name(typed, names_in(client_.get(runs_path).at("runs")),
                       "run");
}

std::string braidctl::submit(submission asked, bool announce) const {
  auto known = client_.get(runs_path).at("topologies");
  asked.topology = complete_name(
    asked.topology, known.get<std::vector<std::string>>(), "topology");
  // Nodes have current folders of their own.
  asked.record_cuts = absolute(asked.record_cuts);
  asked.repeat_cuts = absolute(asked.repeat_cuts);
  asked.from = savepoint_named(asked.from);
  auto answer = client_.post(runs_path, submission_json(asked));
  auto name = answer.at("name").get<std::string>();
  if (announce)
    print(answer, name + '\n');
  return name;
}

void braidctl::list() const {
  auto answer = client_.get(runs_path);
  print(answer, runs_text(answer, now(), emphasise_));
}

void braidctl::status(const std::string& run) const {
  auto answer = client_.get(path_of(run_called(run)));
  print(answer, run_text(answer, now(), emphasise_));
}

void braidctl::cancel(const std::string& run) const {
  auto name = run_called(run);
  print(client_.remove(path_of(name)), name + " is being cancelled\n");
}

void braidctl::nodes() const {
  auto answer = client_.get("/api/nodes");
  print(answer, nodes_text(answer, emphasise_));
}

void braidctl::tree() const {
  auto answer = client_.get("/api/tree");
  print(answer, tree_text(answer, emphasise_));
}

void braidctl::watch_tree(std::chrono::milliseconds interval,
                          const std::string& clear) const {
  for (;;) {
    auto answer = client_.get("/api/tree");
    print(answer, clear + tree_text(answer, emphasise_));
    std::this_thread::sleep_for(interval);
  }
}

/// A supervising node that is busy for a moment ends no waiting.
json braidctl::ask_patiently(const std::string& path) const {
  auto deadline = clock::now() + client_.limit();
  for (;;) {
    try {
      return client_.get(path);
    } catch (const braidctl_error& error) {
      if (!error.worth_repeating || clock::now() >= deadline)
        throw;
    }
    std::this_thread::sleep_for(200ms);
  }
}

void braidctl::wait(const std::string& run, time_limit limit) const {
  auto name = run_called(run);
  auto begin = clock::now();
  for (;;) {
    auto answer = ask_patiently(path_of(name));
    auto state = answer.at("state").get<std::string>();
    if (answer.at("over").get<bool>()) {
      auto took = answer.at("ended_at_us").get<std::int64_t>()
                  - answer.at("submitted_at_us").get<std::int64_t>();
      auto reason = answer.at("reason").get<std::string>();
      auto text = name + " is " + state + " after " + readable_span(took)
                  + (reason.empty() ? "" : ": " + reason);
      if (state != "complete")
        throw braidctl_error{text};
      return print(answer, text + '\n');
    }
    auto waited = clock::now() - begin;
    if (limit && waited >= *limit)
      throw braidctl_error{name + " is still " + state + " after "
                           + print_duration(*limit)
                           + "; it goes on, unless you cancel it"};
    std::this_thread::sleep_for(pause_after(waited));
  }
}

} // namespace braid
