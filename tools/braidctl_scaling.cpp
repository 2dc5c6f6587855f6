// The part of braidctl that is about other partitions for runs that go on.
#include "tools/braidctl_cells.hpp"
#include "tools/braidctl_commands.hpp"
#include "tools/braidctl_names.hpp"
#include "tools/braidctl_tables.hpp"
#include "tools/units.hpp"

#include <chrono>
#include <iostream>
#include <nlohmann/json.hpp>
#include <ostream>
#include <thread>
#include <unistd.h>

namespace braid {

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

constexpr auto look_every = 100ms;

std::string path_of(const std::string& run, const std::string& what = "") {
  return "/api/topologies/" + run + what;
}

std::string steps_text(const json& answer, bool dry_run) {
  std::string result;
  for (auto& step : answer.at("steps"))
    result += (dry_run ? "would: " : "") + step.get<std::string>() + '\n';
  return result.empty() ? "nothing to do\n" : result;
}

} // namespace

void braidctl::scale(const std::string& run, const std::string& operator_name,
                     std::uint32_t partitions, bool dry_run) const {
  auto name = run_called(run);
  auto answer =
    client_.post(path_of(name, "/scaling"), {{"operator", operator_name},
                                             {"partitions", partitions},
                                             {"dry_run", dry_run}});
  follow({name}, answer, dry_run);
}

void braidctl::rebalance(const std::string& run, const std::string& only,
                         bool dry_run) const {
  auto name = run_called(run);
  json order{{"dry_run", dry_run}};
  if (!only.empty())
    order["operator"] = only;
  follow({name}, client_.post(path_of(name, "/rebalance"), order), dry_run);
}

void braidctl::drain(const std::string& typed, bool dry_run) const {
  std::vector<std::string> nodes;
  auto known = client_.get("/api/nodes");
  for (auto& each : known.at("nodes"))
    nodes.push_back(text_in(each, "name"));
  auto node = complete_name(typed, nodes, "node");
  std::vector<std::string> runs;
  auto all = client_.get(path_of("").substr(0, path_of("").size() - 1));
  for (auto& run : all.at("runs"))
    if (!run.at("over").get<bool>())
      runs.push_back(text_in(run, "name"));
  follow(runs,
         client_.post("/api/nodes/" + node + "/drain", {{"dry_run", dry_run}}),
         dry_run);
}

void braidctl::history(const std::string& run) const {
  auto answer = client_.get(path_of(run_called(run), "/history"));
  print(answer, history_text(answer, emphasise_));
}

void braidctl::abort_scaling(const std::string& run) const {
  auto name = run_called(run);
  auto answer = client_.post(path_of(name, "/scaling/abort"), json::object());
  print(answer, name + " keeps the partitions that it has\n");
}

/// Shows how far runs are until all of it is done.
void braidctl::follow(const std::vector<std::string>& runs, const json& answer,
                      bool dry_run) const {
  print(answer, steps_text(answer, dry_run));
  if (dry_run || answer.at("steps").empty())
    return;
  auto shown = format_ == output_format::tables && isatty(STDERR_FILENO) != 0;
  auto deadline = clock::now() + client_.limit();
  for (auto& run : runs)
    for (;;) {
      auto now = ask_patiently(path_of(run));
      auto under_way = text_in(now, "hand_over");
      auto problem = text_in(now, "hand_over_problem");
      if (shown)
        std::cerr << "\r\x1b[K" << under_way << std::flush;
      if (now.at("over").get<bool>())
        break;
      if (under_way.empty()) {
        if (shown)
          std::cerr << "\r\x1b[K" << std::flush;
        if (!problem.empty())
          throw braidctl_error{run + " was not placed otherwise: " + problem};
        break;
      }
      if (clock::now() >= deadline)
        throw braidctl_error{run + " is still at it (" + under_way + ") after "
                             + print_duration(client_.limit())
                             + "; 'braidctl status' shows how it goes on"};
      std::this_thread::sleep_for(look_every);
    }
  if (format_ == output_format::tables)
    *out_ << "done\n" << std::flush;
}

} // namespace braid
